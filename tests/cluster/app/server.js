// The application: says how many users its database has; ends at once when it is told to.
const http = require('node:http')
const { Client } = require('pg')

async function users() {
  const client = new Client({ connectionString: process.env.DATABASE_URL })
  await client.connect()
  try {
    return (await client.query('SELECT count(*)::int AS n FROM users')).rows[0].n
  } finally {
    await client.end()
  }
}

http
  .createServer((_, response) => {
    users().then(
      (n) => response.end(`${n} users\n`),
      (error) => response.writeHead(500).end(`${error.message}\n`),
    )
  })
  .listen(3000)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0))
