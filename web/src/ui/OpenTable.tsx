import { type ReactNode } from 'react'

import { OpenButton } from './OpenButton'
import { isPressOnRow } from './press'
import classes from './sounds.module.css'
import { SortHeader, type Sorting } from './SortHeader'

/** A column of a table of sounds. */
export interface Column<T> {
  label: string
  /** By what the server sorts for it, where it can. */
  sort?: string
  /** Classes of its cells. */
  className?: string
  cell: (row: T) => ReactNode
}

interface Props<T> {
  /** What is listed, for those who do not see it. */
  label: string
  /** One word for what is listed; the player of a row is known by it and the row's id. */
  kind: string
  rows: readonly T[]
  columns: readonly Column<T>[]
  /** What the button of a row opens. */
  opens: (row: T) => string
  /** Whether a row stands out. */
  isNew?: (row: T) => boolean
  sorting?: { by: Sorting; onSort: (sorting: Sorting) => void }
  open: number | null
  onOpen: (id: number | null) => void
  /** What is below the row that is open. */
  children: (row: T) => ReactNode
}

/** Sounds, one a row; a press on one opens its player below it. The first column holds the button for the keyboard. */
export function OpenTable<T extends { id: number }>({ label, rows, columns, sorting, ...rest }: Props<T>) {
  return (
    <div className={classes.box} role="region" tabIndex={0} aria-label={label}>
      <table className={classes.table}>
        <thead>
          <tr>
            {columns.map((column) =>
              column.sort === undefined || sorting === undefined ? (
                <th key={column.label} scope="col">
                  {column.label}
                </th>
              ) : (
                <SortHeader
                  key={column.label}
                  label={column.label}
                  column={column.sort}
                  sorting={sorting.by}
                  onSort={sorting.onSort}
                />
              ),
            )}
          </tr>
        </thead>
        {rows.map((row) => (
          <Entry key={row.id} row={row} columns={columns} {...rest} />
        ))}
      </table>
    </div>
  )
}

type EntryProps<T> = Omit<Props<T>, 'label' | 'rows' | 'sorting'> & { row: T }

function Entry<T extends { id: number }>(props: EntryProps<T>) {
  const { row, kind, columns, opens, isNew, onOpen, children } = props
  const open = row.id === props.open
  const id = `${kind}-${row.id}`
  const toggle = () => onOpen(open ? null : row.id)
  return (
    <tbody>
      <tr
        className={classes.row}
        {...{ [`data-${kind}`]: row.id }}
        data-open={open || undefined}
        data-new={isNew?.(row) === true || undefined}
        onClick={(event) => {
          if (isPressOnRow(event)) toggle()
        }}
      >
        {columns.map(({ label, className, cell }, n) => (
          <td key={label} className={className}>
            {n === 0 ? (
              <OpenButton open={open} controls={id} label={opens(row)} onToggle={toggle}>
                {cell(row)}
              </OpenButton>
            ) : (
              cell(row)
            )}
          </td>
        ))}
      </tr>
      {open && (
        <tr>
          <td colSpan={columns.length} className={classes.opened}>
            <div className={classes.sound} id={id}>
              {children(row)}
            </div>
          </td>
        </tr>
      )}
    </tbody>
  )
}
