/** How a waveform fills its height. */

/** Of a sample of 16 bits. */
const FULL = 32_768

/** What is quieter than this is drawn as the quiet that it is. */
const QUIETEST = 0.05 * FULL

/**
 * Samples as parts of the loudest of all channels, -1 to 1: by one measure, so that who spoke softly is seen to.
 * The library that draws makes what is beyond 1 smaller by a measure of its own, so no larger factor can be left to it.
 */
export function scaled(channels: readonly (readonly number[])[]): number[][] {
  let loudest = QUIETEST
  for (const channel of channels) {
    for (const value of channel) {
      if (Number.isFinite(value)) loudest = Math.max(loudest, Math.abs(value))
    }
  }
  return channels.map((channel) => channel.map((value) => (Number.isFinite(value) ? value / loudest : 0)))
}
