# relayd: what is built from this folder
