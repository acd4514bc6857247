import { type MouseEvent, memo } from 'react'

import { useI18n } from '../../i18n'
import { cut } from '../../ui/cut'
import { Arrow } from './Arrow'
import { clockText, deltaText } from './delta'
import classes from './flow.module.css'
import { type Geometry, textPlace } from './geometry'
import { ROW_HEIGHT, type RowItem } from './items'
import { strokeOf } from './stroke'

/** Of a label or detail longer than that, the rest is in the panel only: peers choose them. */
const LONGEST = 240

export interface RowActions {
  open: (key: string) => void
  /** Goes to the row of a number. */
  go: (n: number) => void
  /** Shows or folds the repetitions of a row. */
  fold: (key: string) => void
}

interface Props {
  item: RowItem
  top: number
  /** Place among all that the ladder shows, from 1; the head is the first. */
  index: number
  geometry: Geometry
  /** Name of a column. */
  nameOf: (id: string) => string
  /** The moment that clocks count from; null for the time of day. */
  since: number | null
  /** The moment of the selected row. */
  selectedAt: number | null
  selected: boolean
  /** Whether the tabulator key comes here. */
  stop: boolean
  actions: RowActions
}

export const LadderRow = memo(function LadderRow(props: Props) {
  const { item, geometry, nameOf, actions } = props
  const { row, shape } = item
  const stroke = strokeOf(row, shape)
  const [from, to] = [geometry.x(row.from), geometry.x(row.to)]
  return (
    <div
      role="row"
      aria-rowindex={props.index}
      aria-selected={props.selected}
      tabIndex={props.stop ? 0 : -1}
      className={classes.row}
      style={{ height: ROW_HEIGHT, transform: `translateY(${props.top}px)`, ['--stroke' as string]: stroke }}
      data-row={row.n}
      data-shape={shape}
      onClick={() => actions.open(item.key)}
    >
      <Gutter {...props} />
      <div role="gridcell" className={classes.hidden}>
        <bdi>{nameOf(row.from)}</bdi>
      </div>
      <div role="gridcell" className={classes.hidden}>
        <bdi>{nameOf(row.to)}</bdi>
      </div>
      <div className={classes.picture} style={{ width: geometry.lanes }}>
        <Arrow
          className={classes.arrow}
          shape={shape}
          repeated={row.retransmission_of !== null}
          from={from}
          to={to}
          width={geometry.lanes}
          height={ROW_HEIGHT}
          stroke={stroke}
        />
        <Texts item={item} from={from} to={to} geometry={geometry} actions={actions} />
      </div>
    </div>
  )
})

function Gutter({ item, geometry, since, selectedAt, selected }: Props) {
  const { t, language } = useI18n()
  const clock = since === null ? clockText(item.at) : deltaText(item.at - since, language)
  return (
    <div role="rowheader" className={classes.gutter} style={{ width: geometry.gutter }}>
      <span className={classes.moment}>
        <span className={classes.number}>{item.row.n}</span>
        <time className={classes.clock} dateTime={item.row.at} title={item.row.at}>
          {clock}
        </time>
      </span>
      <span className={classes.deltas}>
        {selectedAt !== null && !selected && (
          <span className={classes.from} title={t('flow.since_selected')}>
            ◆{deltaText(item.at - selectedAt, language)}
          </span>
        )}
        {item.delta !== null && (
          <span title={t('flow.since_previous')}>{deltaText(item.delta, language)}</span>
        )}
      </span>
    </div>
  )
}

interface TextsProps {
  item: RowItem
  from: number
  to: number
  geometry: Geometry
  actions: RowActions
}

function Texts({ item, from, to, geometry, actions }: TextsProps) {
  const { t, tn } = useI18n()
  const { row, shape } = item
  const place = from === to ? beside(from, geometry) : between(from, to, geometry)
  const bad = shape === 'broken' || shape === 'refused' || row.error !== null
  const tone = bad ? classes.bad : shape === 'unsent' || shape === 'note' ? classes.dim : undefined
  const act = (does: () => void) => (event: MouseEvent) => {
    event.stopPropagation()
    does()
  }
  return (
    <>
      <div role="gridcell" className={`${classes.text} ${classes.label}`} {...place}>
        {row.leg !== null && (
          <span className={classes.leg}>
            <span className={classes.hidden}>{t('flow.leg_word')} </span>
            <bdi>{cut(row.leg, 12)}</bdi>
          </span>
        )}
        <bdi className={`${classes.cut} ${tone ?? ''}`} title={cut(row.label, LONGEST)}>
          {cut(row.label, LONGEST)}
        </bdi>
        {item.hold && <span className={classes.mark}>{t('flow.hold')}</span>}
        {row.retransmission_of !== null && (
          <span className={classes.mark}>{t('flow.repeats_row', { n: String(row.retransmission_of) })}</span>
        )}
        {item.repeats > 0 && (
          <button
            type="button"
            tabIndex={-1}
            className={classes.chip}
            data-of="repeats"
            aria-expanded={item.open}
            onClick={act(() => actions.fold(item.key))}
          >
            {tn('flow.times', item.repeats + 1)}
          </button>
        )}
      </div>
      <div role="gridcell" className={`${classes.text} ${classes.detail}`} {...place}>
        {row.detail !== '' && (
          <bdi className={classes.cut} title={cut(row.detail, LONGEST)}>
            {cut(row.detail, LONGEST)}
          </bdi>
        )}
        {item.cause !== null && <Cause n={item.cause} act={act} actions={actions} />}
      </div>
    </>
  )
}

function Cause({
  n,
  act,
  actions,
}: {
  n: number
  act: (does: () => void) => (event: MouseEvent) => void
  actions: RowActions
}) {
  const { t } = useI18n()
  return (
    <button type="button" tabIndex={-1} className={classes.chip} onClick={act(() => actions.go(n))}>
      {t('flow.by_row', { n: String(n) })}
    </button>
  )
}

/** Over the middle of an arrow. */
function between(from: number, to: number, geometry: Geometry) {
  const { middle, width } = textPlace(from, to, geometry.lanes)
  return { style: { left: middle, maxWidth: width } }
}

/** Beside the marker at a column: on the side with more room. */
function beside(at: number, geometry: Geometry) {
  if (at <= geometry.lanes / 2) {
    return { 'data-side': 'right', style: { left: at + 12, maxWidth: geometry.lanes - at - 16 } }
  }
  return { 'data-side': 'left', style: { left: at - 12, maxWidth: at - 16 } }
}
