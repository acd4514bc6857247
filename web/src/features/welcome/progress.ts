/** What of the first steps was passed over in this browser, and whether they are to be shown by themselves. */

export const STEPS = ['admin', 'user', 'phone', 'webhook', 'call'] as const
export type Step = (typeof STEPS)[number]

export interface Progress {
  dismissed: boolean
  skipped: Step[]
}

const STORED = 'offhook.welcome'

export function readProgress(storage: Storage = localStorage): Progress {
  try {
    const stored = JSON.parse(storage.getItem(STORED) ?? '{}') as Partial<Progress> | null
    const skipped = Array.isArray(stored?.skipped) ? stored.skipped : []
    return { dismissed: stored?.dismissed === true, skipped: STEPS.filter((step) => skipped.includes(step)) }
  } catch {
    return { dismissed: false, skipped: [] }
  }
}

export function writeProgress(progress: Progress, storage: Storage = localStorage): void {
  storage.setItem(STORED, JSON.stringify(progress))
}

/** The first step that is left to do; null when there is none. */
export function nextStep(done: Record<Step, boolean>, skipped: readonly Step[]): Step | null {
  return STEPS.find((step) => !done[step] && !skipped.includes(step)) ?? null
}
