import { Fieldset, Select, SimpleGrid } from '@mantine/core'
import { notifications } from '@mantine/notifications'

import type { Settings, Sound } from '../../api/types'
import { useI18n } from '../../i18n'
import { useErrorText } from '../../ui/errorText'
import { useFieldText } from '../../ui/fieldText'
import { Loaded } from '../../ui/Loaded'
import { useChoose, useSettings } from './queries'

/** What of the library is heard where. A choice holds at once: the next call hears it. */
export function SoundSettings({ sounds }: { sounds: Sound[] }) {
  const { t } = useI18n()
  const settings = useSettings()
  return (
    <Fieldset legend={t('sounds.heard')} m={0}>
      <Loaded query={settings}>
        {(chosen) => (
          <SimpleGrid cols={{ base: 1, xs: 2 }} style={{ alignItems: 'end' }}>
            <Choice of="music" chosen={chosen} sounds={sounds} />
            <Choice of="greeting" chosen={chosen} sounds={sounds} />
          </SimpleGrid>
        )}
      </Loaded>
    </Fieldset>
  )
}

interface Props {
  of: 'music' | 'greeting'
  chosen: Settings
  sounds: Sound[]
}

function Choice({ of, chosen, sounds }: Props) {
  const { t } = useI18n()
  const errorText = useErrorText()
  const fieldText = useFieldText()
  const choose = useChoose()
  const { error, isPending, variables } = choose
  const value = isPending ? variables[of] : chosen[of]
  return (
    <Select
      label={t(`sounds.${of}`)}
      description={t(`sounds.${of}_hint`)}
      data={[
        { value: '', label: t(`sounds.${of}_built_in`) },
        ...sounds.map(({ id, name }) => ({ value: String(id), label: name })),
      ]}
      value={value?.toString() ?? ''}
      allowDeselect={false}
      searchable={sounds.length > 10}
      onChange={(id) =>
        choose.mutate(
          { [of]: id === null || id === '' ? null : Number(id) },
          { onSuccess: () => notifications.show({ message: t('sounds.saved') }) },
        )
      }
      error={error === null ? undefined : (fieldText(error, of) ?? errorText(error))}
    />
  )
}
