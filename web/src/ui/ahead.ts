/** Clocks this close count as the same: rows say times in whole seconds, and take a moment to come. */
const TOLERANCE = 2

/** Seconds that the server's clock is ahead of this one, by what it told of now; for a live call that is the moment of
 *  its answer and its duration. */
export function aheadBy(now: number): number {
  const ahead = now - Math.floor(Date.now() / 1000)
  return Math.abs(ahead) > TOLERANCE ? ahead : 0
}
