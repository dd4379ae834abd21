// Prisma with its JavaScript engine: `migrate` without a native schema engine, which would have to be downloaded.
//
// Two things are made as the native engine has them: one connection holds the lock and runs the scripts (a pool would
// be free to use two), and, with JUDGE_SCRIPT=message, a script goes to the server in one message, which is one
// transaction unless it has its own. JUDGE_SCRIPT=statements leaves the adapter as it is published: it cuts the script
// at every semicolon and runs piece by piece, so that a script which fails half-way leaves its first half.
import { PrismaPg } from '@prisma/adapter-pg'
import { defineConfig } from 'prisma/config'

class OneMessage extends PrismaPg {
  async connect() {
    const adapter = await super.connect()
    adapter.executeScript = async (script: string) => {
      await adapter.underlyingDriver().query(script).catch((error: unknown) => adapter.onError(error))
    }
    return adapter
  }
}

const Adapter = process.env.JUDGE_SCRIPT === 'statements' ? PrismaPg : OneMessage
const connection = {
  connectionString: process.env.DATABASE_URL,
  max: 1,
  idleTimeoutMillis: 0,
  allowExitOnIdle: true,
}

export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  adapter: async () => new Adapter(connection),
})
