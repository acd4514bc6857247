import type { MouseEvent } from 'react'

/** Whether a press is on the row itself: neither on what has a press of its own, nor the end of marking text. */
export function isPressOnRow(event: MouseEvent): boolean {
  const on = event.target instanceof Element ? event.target.closest('a, button') : null
  return on === null && window.getSelection()?.isCollapsed !== false
}
