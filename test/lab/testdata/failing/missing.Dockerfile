FROM busybox
COPY no-such-file.txt /
