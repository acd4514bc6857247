import { Button, Group, Stack, TextInput } from '@mantine/core'

import { useI18n } from '../../i18n'
import { CopyButton } from '../../ui/CopyButton'
import { generateSecret } from '../../ui/secret'

interface Props {
  value: string
  error: string | undefined
  onChange: (secret: string) => void
}

/** The secret of a webhook to be made: the receiver has to know it before the test that saving sends. */
export function SecretField({ value, error, onChange }: Props) {
  const { t } = useI18n()
  return (
    <Stack gap="xs">
      <TextInput
        label={t('webhooks.secret')}
        description={t('webhooks.secret_about')}
        value={value}
        error={error}
        spellCheck={false}
        autoComplete="off"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Group gap="xs">
        <CopyButton text={value} label={t('webhooks.secret_copy')} />
        <Button variant="default" size="xs" onClick={() => onChange(generateSecret())}>
          {t('webhooks.secret_other')}
        </Button>
      </Group>
    </Stack>
  )
}
