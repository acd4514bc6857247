import { createTheme } from '@mantine/core'

/** Colours of enough contrast (WCAG AA) in light and dark. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: { light: 9, dark: 9 },
  autoContrast: true,
  respectReducedMotion: true,
  cursorType: 'pointer',
  defaultRadius: 'md',
})
