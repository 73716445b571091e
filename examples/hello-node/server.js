// A small web app. It knows nothing of containers; what it shows about itself is what any program would see.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const express = require('express');

const app = express();
const port = Number(process.env.PORT || 3000);
let visits = 0;

app.use(express.static(path.join(__dirname, 'public')));

app.get('/api/about', (request, response) => {
  visits += 1;
  response.json({
    hostname: os.hostname(),
    processId: process.pid,
    node: process.version,
    user: os.userInfo().username,
    processes: fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
    kernel: os.release(),
    visits,
  });
});

app.get('/healthz', (request, response) => response.send('ok\n'));

const server = app.listen(port, () => console.log(`listening on port ${port}`));

// Docker stops a container with SIGTERM: answer what is under way, then go.
process.on('SIGTERM', () => server.close(() => process.exit(0)));
