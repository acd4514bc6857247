/** How a waveform fills its height. */

/** What is quieter than this is drawn as the quiet that it is. */
const QUIETEST = 0.05

/** By how much all channels are drawn larger: by one measure, so that who spoke softly is seen to. */
export function scaleOf(channels: readonly (readonly number[])[]): number {
  let loudest = QUIETEST
  for (const channel of channels) {
    for (const value of channel) {
      if (Number.isFinite(value)) loudest = Math.max(loudest, Math.abs(value))
    }
  }
  return 1 / loudest
}
