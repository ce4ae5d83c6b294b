# kma: what is built from this folder
