import { Button, Group, Input, Stack, TextInput } from '@mantine/core'

import { useI18n } from '../../i18n'
import type { HeaderLine } from './form'
import { useReason } from './useReason'

interface Props {
  lines: HeaderLine[]
  /** Complaints by the name of the header. */
  errors: Record<string, string>
  /** A complaint about all of them. */
  error: string | undefined
  onChange: (lines: HeaderLine[]) => void
}

/** Headers of the receiver's own, such as a key that it wants. */
export function HeaderLines({ lines, errors, error, onChange }: Props) {
  const { t } = useI18n()
  const reason = useReason()
  const change = (id: number, part: Partial<HeaderLine>) =>
    onChange(lines.map((line) => (line.id === id ? { ...line, ...part } : line)))
  const add = () => {
    const id = Math.max(-1, ...lines.map((line) => line.id)) + 1
    onChange([...lines, { id, name: '', value: '' }])
  }
  return (
    <Input.Wrapper
      labelElement="div"
      label={t('webhooks.headers')}
      description={t('webhooks.headers_about')}
      error={error === undefined ? undefined : <bdi>{error}</bdi>}
      role="group"
      aria-label={t('webhooks.headers')}
    >
      <Stack mt="xs" gap="xs" align="flex-start">
        {lines.map((line, n) => {
          const complaint = complaintOf(line, errors)
          return (
            <Group key={line.id} gap="xs" align="flex-start" w="100%">
              <TextInput
                aria-label={t('webhooks.header_name', { n: n + 1 })}
                placeholder={t('webhooks.header_name_hint')}
                value={line.name}
                spellCheck={false}
                autoComplete="off"
                flex="1 1 140px"
                error={complaint === undefined ? undefined : <bdi>{reason(complaint)}</bdi>}
                onChange={(event) => change(line.id, { name: event.currentTarget.value })}
              />
              <TextInput
                aria-label={t('webhooks.header_value', { n: n + 1 })}
                placeholder={t('webhooks.header_value_hint')}
                value={line.value}
                spellCheck={false}
                autoComplete="off"
                flex="2 1 180px"
                onChange={(event) => change(line.id, { value: event.currentTarget.value })}
              />
              <Button
                variant="default"
                aria-label={t('webhooks.header_remove', { n: n + 1 })}
                onClick={() => onChange(lines.filter(({ id }) => id !== line.id))}
              >
                {t('webhooks.remove')}
              </Button>
            </Group>
          )
        })}
        <Button variant="default" size="xs" onClick={add}>
          {t('webhooks.header_add')}
        </Button>
      </Stack>
    </Input.Wrapper>
  )
}

/** The server names a header as it was sent, without control characters and cut after 60. */
function complaintOf(line: HeaderLine, errors: Record<string, string>): string | undefined {
  if (line.name.trim() === '' && line.value.trim() === '') return undefined
  const shown = Array.from(line.name.trim().replace(/\p{Cc}/gu, ''))
    .slice(0, 60)
    .join('')
  return Object.hasOwn(errors, shown) ? errors[shown] : undefined
}
