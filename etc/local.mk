# etc: what is built from this folder
