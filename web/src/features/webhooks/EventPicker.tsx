import { Checkbox, Code, Fieldset, Stack, Text } from '@mantine/core'

import { useI18n } from '../../i18n'
import { EVENT_GROUPS, otherEvents } from './events'

interface Props {
  value: string[]
  /** Those the webhook has on the server: one that is unticked can still be ticked again. */
  saved: string[]
  error: string | undefined
  onChange: (events: string[]) => void
}

/** The categories of events, and what else the webhook has. */
export function EventPicker({ value, saved, error, onChange }: Props) {
  const { t } = useI18n()
  const others = otherEvents(saved, value)
  return (
    <Checkbox.Group
      label={t('webhooks.events')}
      description={t('webhooks.events_about')}
      error={error === undefined ? undefined : <bdi>{error}</bdi>}
      value={value}
      onChange={onChange}
      data-invalid-group={error !== undefined || undefined}
    >
      <Stack mt="xs" gap="sm">
        {EVENT_GROUPS.map((group) => (
          <Fieldset key={group.title} legend={t(group.title)}>
            <Stack gap="xs">
              {group.choices.map((choice) => (
                <Checkbox
                  key={choice.value}
                  value={choice.value}
                  label={<Code>{choice.value}</Code>}
                  description={t(choice.about)}
                />
              ))}
            </Stack>
          </Fieldset>
        ))}
        {others.length > 0 && (
          <Fieldset legend={t('webhooks.group_others')}>
            <Stack gap="xs">
              <Text size="sm" c="dimmed">
                {t('webhooks.group_others_about')}
              </Text>
              {others.map((event) => (
                <Checkbox key={event} value={event} label={<Code>{event}</Code>} />
              ))}
            </Stack>
          </Fieldset>
        )}
      </Stack>
    </Checkbox.Group>
  )
}
