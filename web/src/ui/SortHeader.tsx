import { UnstyledButton } from '@mantine/core'

/** Which column a table is sorted by, and which way. */
export interface Sorting {
  column: string
  descending: boolean
}

interface Props {
  label: string
  column: string
  sorting: Sorting
  onSort: (sorting: Sorting) => void
  className?: string | undefined
}

/** The head of a column that sorts its table; a second press turns the order round. */
export function SortHeader({ label, column, sorting, onSort, className }: Props) {
  const active = sorting.column === column
  const { descending } = sorting
  return (
    <th
      scope="col"
      className={className}
      aria-sort={active ? (descending ? 'descending' : 'ascending') : 'none'}
    >
      <UnstyledButton
        fz="inherit"
        fw="inherit"
        onClick={() => onSort({ column, descending: active && !descending })}
      >
        {label}
        <span aria-hidden="true">{active ? (descending ? ' ↓' : ' ↑') : ' '}</span>
      </UnstyledButton>
    </th>
  )
}
