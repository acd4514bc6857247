/** Whether a moment is on the day of `now`, in the viewer's zone. */
export function today(at: Date, now: Date): boolean {
  return at.toDateString() === now.toDateString()
}
