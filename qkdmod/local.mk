# qkdmod: what is built from this folder
