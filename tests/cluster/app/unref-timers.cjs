// Preload for Prisma's JavaScript engine. The engine arms a ten second timer for its lock and leaves it armed when the
// lock was had, so that node would stay for ten seconds after the work. Such timers stop holding the process; all
// others, and what any of them does when it fires, stay as they are.
'use strict'

const LOCK_TIMER_MS = { min: 9000, max: 10000 }
const armTimer = globalThis.setTimeout

function setTimeoutWithoutHold(callback, delay, ...args) {
  const timer = armTimer(callback, delay, ...args)
  const isLockTimer = delay >= LOCK_TIMER_MS.min && delay <= LOCK_TIMER_MS.max
  if (isLockTimer) timer.unref?.()
  return timer
}

globalThis.setTimeout = Object.assign(setTimeoutWithoutHold, armTimer)
