// Writes vectors.json beside this file: cookies as Express applications set them, and
// what connect-redis leaves in the Redis of the variable REDIS_URL.
const fs = require('fs');
const http = require('http');
const path = require('path');
const express = require('express');
const cookieSession = require('cookie-session');
const session = require('express-session');
const { RedisStore } = require('connect-redis');
const { createClient } = require('redis');

const secrets = ['express-test-only-1', 'express-test-only-2'];
const client = createClient({ url: process.env.REDIS_URL });

// version is that of an installed package, whose package.json may not be exported.
function version(name) {
  let dir = path.dirname(require.resolve(name));
  while (path.basename(path.dirname(dir)) !== 'node_modules') dir = path.dirname(dir);
  return name + ' ' + JSON.parse(fs.readFileSync(path.join(dir, 'package.json'))).version;
}

// cookies asks an application once and returns the cookies that it sets.
function cookies(middleware, values) {
  const app = express();
  app.use(middleware);
  app.get('/', (req, res) => {
    Object.assign(req.session, values);
    res.end();
  });
  return new Promise((resolve, reject) => {
    const server = app.listen(0, '127.0.0.1', () => {
      http.get({ port: server.address().port, host: '127.0.0.1' }, (res) => {
        res.resume();
        server.close();
        const set = res.headers['set-cookie'] || [];
        resolve(Object.fromEntries(set.map((c) => c.split(';')[0].split(/=(.*)/s).slice(0, 2))));
      }).on('error', reject);
    });
  });
}

async function stored(options, values) {
  const store = new RedisStore({ client });
  const set = await cookies(session({ store, resave: false, saveUninitialized: false, ...options }), values);
  const id = decodeURIComponent(set['connect.sid']).slice(2).split('.')[0];
  return { cookies: set, values, keys: { ['sess:' + id]: await client.get('sess:' + id) } };
}

async function main() {
  await client.connect();
  const user = { passport: { user: 42 }, roles: ['a', 'b'], name: 'Zoë 🙂' };
  const inCookie = async (options, values) => ({ cookies: await cookies(cookieSession(options), values), values });
  const vectors = {
    'cookie_session user': await inCookie({ keys: secrets }, user),
    'cookie_session anonymous': await inCookie({ keys: secrets }, { cart: [1, 2] }),
    'cookie_session older key': await inCookie({ keys: [secrets[1]] }, user),
    'express user': await stored({ secret: secrets }, user),
    'express anonymous': await stored({ secret: secrets }, { cart: [1, 2] }),
    'express older key': await stored({ secret: secrets[1] }, user),
    'express expires in an hour': await stored({ secret: secrets, cookie: { maxAge: 3600000 } }, user),
  };
  await client.quit();
  const made_by = ['express', 'cookie-session', 'express-session', 'connect-redis'].map(version).join(', ') + ', Node ' + process.version;
  const made = { made_by, made: Math.floor(Date.now() / 1000), secrets, vectors };
  fs.writeFileSync(path.join(__dirname, 'vectors.json'), JSON.stringify(made, null, 1) + '\n');
}

main().catch((err) => {
  console.error(err);
  process.exit(1);
});
