# ctl: what is built from this folder
