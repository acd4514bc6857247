import { type RefObject, useEffect, useRef } from 'react'

/** The form of the ref goes to its first field with a complaint when an error comes; it may be out of sight. */
export function useFirstInvalid(error: unknown): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null)
  useEffect(() => {
    if (error === null) return
    const field = form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')
    field?.focus({ preventScroll: true })
    // To the middle: the head of a dialog stays at its top and covers what is scrolled there.
    field?.scrollIntoView({ block: 'center' })
  }, [error])
  return form
}
