#!/bin/sh
greet() { echo "hello from ${1:-nobody}"; }
