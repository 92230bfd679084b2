import { defineConfig } from 'vitest/config';

import { makeEmulator } from 'make-emulator/vitest/plugin';

export default defineConfig({
  plugins: [makeEmulator({ rateLimit: true })],
  test: { include: ['tests/*.test.ts'] },
});
