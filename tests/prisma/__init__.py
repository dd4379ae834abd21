"""The original tool is the judge: what real Prisma says of what Lockmaster did, and the other way round."""
