/** `whsec_` and 32 random octets in base64, as the server itself would make it. */
export function generateSecret(): string {
  // getRandomValues is there without TLS too, unlike the rest of `crypto`.
  const octets = crypto.getRandomValues(new Uint8Array(32))
  return `whsec_${btoa(String.fromCharCode(...octets))}`
}
