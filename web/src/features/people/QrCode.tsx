import { useMemo } from 'react'
import { encode } from 'uqr'

import { darkPath } from './sip'

/** A QR code, dark on white in any colour scheme and with its quiet zone, or cameras do not find it. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = encode(text, { border: 4, ecc: 'M' })
    return { size: code.size, path: darkPath(code.data) }
  }, [text])
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      width={220}
      height={220}
      shapeRendering="crispEdges"
    >
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  )
}
