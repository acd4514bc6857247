/** Scrolling of the ladder: what is in the document, what stays in sight when rows arrive, where the end is. */

import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual'
import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'

import { HEAD_HEIGHT } from './Heads'
import { heightOf, type Ladder } from './items'

/** Nearer to the end than that counts as there. */
const NEAR = 24
const OVERSCAN = 12

type Scroll = Virtualizer<HTMLDivElement, HTMLDivElement>

/** `kept` is a place that stays in the document wherever one scrolls: the row that has the focus. */
export function useLadder(
  ladder: Ladder,
  kept: number | null,
): { ref: RefObject<HTMLDivElement | null>; scroll: Scroll } {
  const ref = useRef<HTMLDivElement>(null)
  const { items } = ladder
  // eslint-disable-next-line react-hooks/incompatible-library -- its functions change nothing that is memoised here
  const scroll = useVirtualizer<HTMLDivElement, HTMLDivElement>({
    count: items.length,
    getScrollElement: () => ref.current,
    estimateSize: (place) => {
      const item = items[place]
      return item === undefined ? 0 : heightOf(item)
    },
    getItemKey: (place) => items[place]?.key ?? place,
    overscan: OVERSCAN,
    scrollMargin: HEAD_HEIGHT,
    scrollPaddingStart: HEAD_HEIGHT,
    rangeExtractor: ({ startIndex, endIndex, overscan, count }) => {
      const first = Math.max(startIndex - overscan, 0)
      const last = Math.min(endIndex + overscan, count - 1)
      const places = Array.from({ length: Math.max(last - first + 1, 0) }, (_, n) => first + n)
      if (kept === null || kept >= count || (kept >= first && kept <= last)) return places
      return [...places, kept].sort((one, other) => one - other)
    },
  })
  // Heights of items that were sorted in are not those of the items that stood there before.
  useLayoutEffect(() => scroll.measure(), [scroll, items])
  useSteady(ref, ladder)
  return { ref, scroll }
}

/** The row at the top stays there when others arrive before it; who is at the end stays at the end. */
function useSteady(ref: RefObject<HTMLDivElement | null>, ladder: Ladder): void {
  const place = useRef<{ end: boolean; key: string | null; offset: number }>({
    end: false,
    key: null,
    offset: 0,
  })
  const shown = useRef(ladder)
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const note = () => {
      const { scrollTop, clientHeight, scrollHeight } = element
      const first = shown.current.items.find((item) => item.top + heightOf(item) > scrollTop)
      place.current = {
        end: scrollHeight - clientHeight - scrollTop < NEAR,
        key: first?.key ?? null,
        offset: first === undefined ? 0 : scrollTop - first.top,
      }
    }
    note()
    element.addEventListener('scroll', note, { passive: true })
    return () => element.removeEventListener('scroll', note)
  }, [ref])
  useLayoutEffect(() => {
    const element = ref.current
    if (element === null || shown.current === ladder) return
    shown.current = ladder
    const { end, key, offset } = place.current
    if (end) {
      element.scrollTop = element.scrollHeight
      return
    }
    const now = key === null ? undefined : ladder.placeOf.get(key)
    const item = now === undefined ? undefined : ladder.items[now]
    if (item !== undefined && Math.abs(item.top + offset - element.scrollTop) >= 1) {
      element.scrollTop = item.top + offset
    }
  }, [ref, ladder])
}
