greet "$1"
