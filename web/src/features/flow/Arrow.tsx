import type { Shape } from './rows'

/** Where the line of an arrow runs in its row. */
export const ARROW_Y = 24
/** Length and half the width of a head. */
const HEAD = 9
const HALF = 4.5

interface Props {
  shape: Shape
  /** Whether it repeats a message. */
  repeated: boolean
  from: number
  to: number
  width: number
  height: number
  stroke: string
  className?: string | undefined
}

/** One row's line: its kind is told by stroke and ends, not by colour alone. */
export function Arrow({ shape, repeated, from, to, width, height, stroke, className }: Props) {
  return (
    <svg className={className} width={width} height={height} aria-hidden="true" focusable="false">
      {from === to ? (
        <path d={diamond(from)} fill={stroke} />
      ) : (
        <Line shape={shape} repeated={repeated} from={from} to={to} stroke={stroke} />
      )}
    </svg>
  )
}

function Line({ shape, repeated, from, to, stroke }: Omit<Props, 'width' | 'height' | 'className'>) {
  const way = from < to ? 1 : -1
  const end = to - way
  const line = { stroke, strokeWidth: 1.75, fill: 'none' }
  switch (shape) {
    case 'sip':
      return (
        <>
          <path
            d={straight(from, end - way * HEAD)}
            {...line}
            strokeDasharray={repeated ? '7 4' : undefined}
          />
          <path d={solid(end, way)} fill={stroke} />
          {repeated && <path d={solid(end - way * (HEAD + 2), way)} fill={stroke} />}
        </>
      )
    case 'post':
      return (
        <>
          <path d={straight(from, end - way * HEAD, -1.75)} {...line} strokeWidth={1.25} />
          <path d={straight(from, end - way * HEAD, 1.75)} {...line} strokeWidth={1.25} />
          <rect x={from - 4} y={ARROW_Y - 4} width={8} height={8} rx={1.5} fill={stroke} />
          <path d={solid(end, way)} fill={stroke} />
        </>
      )
    case 'answer':
    case 'refused':
      return (
        <>
          <path d={straight(from, end)} {...line} strokeDasharray="9 4" />
          <path d={open(end, way)} {...line} />
        </>
      )
    case 'broken': {
      // It starts at the receiver, and does not arrive.
      const stop = from + (to - from) * 0.62
      return (
        <>
          <path d={straight(from, stop)} {...line} />
          <path d={cross(stop)} {...line} strokeWidth={2.25} />
          <path d={straight(stop + way * 12, end)} {...line} strokeDasharray="1.5 7" />
        </>
      )
    }
    case 'unsent':
      return (
        <>
          <path d={straight(from, end - way * 14)} {...line} strokeDasharray="3 5" />
          <circle cx={end - way * 7} cy={ARROW_Y} r={5.5} {...line} strokeWidth={1.5} />
          <path d={`M${end - way * 7 - 4} ${ARROW_Y + 4}l8 -8`} {...line} strokeWidth={1.5} />
        </>
      )
    case 'media':
      return (
        <path d={straight(from, end)} {...line} strokeWidth={4} strokeDasharray="1 5" strokeLinecap="round" />
      )
    case 'note':
      return <path d={straight(from, end)} {...line} strokeDasharray="2 4" />
  }
}

function straight(from: number, to: number, below = 0): string {
  return `M${from} ${ARROW_Y + below}H${to}`
}

function solid(end: number, way: number): string {
  return `M${end} ${ARROW_Y}l${-way * HEAD} ${-HALF}v${2 * HALF}z`
}

function open(end: number, way: number): string {
  return `M${end - way * HEAD} ${ARROW_Y - HALF}L${end} ${ARROW_Y}L${end - way * HEAD} ${ARROW_Y + HALF}`
}

function cross(at: number): string {
  return `M${at - 5} ${ARROW_Y - 5}l10 10M${at - 5} ${ARROW_Y + 5}l10 -10`
}

function diamond(at: number): string {
  return `M${at} ${ARROW_Y - 6}l6 6l-6 6l-6 -6z`
}
