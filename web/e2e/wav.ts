/** A WAV file as sound programs write it: two channels of 16 bits, 44.1 kHz, a tone to the left and another to the right. */
export function wav(seconds: number): Buffer {
  const [rate, channels] = [44_100, 2]
  const frames = Math.round(rate * seconds)
  const file = Buffer.alloc(44 + frames * channels * 2)
  file.write('RIFF', 0)
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8)
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(1, 20)
  file.writeUInt16LE(channels, 22)
  file.writeUInt32LE(rate, 24)
  file.writeUInt32LE(rate * channels * 2, 28)
  file.writeUInt16LE(channels * 2, 32)
  file.writeUInt16LE(16, 34)
  file.write('data', 36)
  file.writeUInt32LE(frames * channels * 2, 40)
  for (let n = 0; n < frames; n++) {
    for (const [channel, pitch] of [440, 660].entries()) {
      const value = Math.round(8_000 * Math.sin((2 * Math.PI * pitch * n) / rate))
      file.writeInt16LE(value, 44 + (n * channels + channel) * 2)
    }
  }
  return file
}
