import classes from './recorddot.module.css'

/** The sign that something is recorded; with a label where no words stand beside it. */
export function RecordDot({ label }: { label?: string }) {
  return (
    <svg
      className={label === undefined ? `${classes.dot} ${classes.inherits}` : classes.dot}
      width="10"
      height="10"
      viewBox="0 0 10 10"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {label !== undefined && <title>{label}</title>}
      <circle cx="5" cy="5" r="4.5" fill="currentColor" />
    </svg>
  )
}
