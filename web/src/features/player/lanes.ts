/** The channels of a sound, one below the other. */

import type { ReactNode } from 'react'

/** Height of each, as in the style. */
export const LANE = 64

export interface Lane {
  key: string
  /** Who is heard. */
  label: ReactNode
}
