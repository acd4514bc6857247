/** The colour of a row's line, as a name that the style sheet knows. */

import { colourOf } from './legs'
import type { Row, Shape } from './rows'

export function strokeOf(row: Pick<Row, 'leg'>, shape: Shape): string {
  switch (shape) {
    case 'sip':
    case 'media':
      return row.leg === null ? 'var(--flow-grey)' : legStroke(row.leg)
    case 'post':
    case 'answer':
      return 'var(--flow-hook)'
    case 'refused':
    case 'broken':
      return 'var(--flow-bad)'
    case 'unsent':
    case 'note':
      return 'var(--flow-grey)'
  }
}

export function legStroke(leg: string): string {
  return `var(--leg-${colourOf(leg)})`
}
