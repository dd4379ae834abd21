// Prisma with its JavaScript engine: `migrate` without a native engine, which would have to be downloaded. One
// connection, as the native engine has it, so that the lock and the scripts are in the same session.
import { PrismaPg } from '@prisma/adapter-pg'
import { defineConfig } from 'prisma/config'

const connection = { connectionString: process.env.DATABASE_URL, max: 1, idleTimeoutMillis: 0, allowExitOnIdle: true }

export default defineConfig({
  experimental: { adapter: true },
  engine: 'js',
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  adapter: async () => new PrismaPg(connection),
})
