FROM busybox
# a comment

RUNN echo typo
