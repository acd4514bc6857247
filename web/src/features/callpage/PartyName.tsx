import { Text } from '@mantine/core'

import type { Party } from './party'

/** Name and number of a side. Callers choose their name: it stays on its own side, whatever it is. */
export function PartyName({ party }: { party: Pick<Party, 'name' | 'number'> }) {
  return (
    <Text span inherit maw="100%">
      {party.name !== '' && (
        <>
          <bdi>{party.name.slice(0, 200)}</bdi>{' '}
        </>
      )}
      <Text span inherit className="numbers" c={party.name === '' ? 'inherit' : 'dimmed'}>
        <bdi>{party.number.slice(0, 200)}</bdi>
      </Text>
    </Text>
  )
}
