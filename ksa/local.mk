# ksa: what is built from this folder
