node_modules/left-pad/index.js
