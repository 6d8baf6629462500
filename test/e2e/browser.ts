import { existsSync } from 'node:fs';
import sparticuz from '@sparticuz/chromium';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';

const installed = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** A real Chromium: the installed one, else the one in the package; null, and a line that says so: none runs here. */
export async function launchBrowser(): Promise<Browser | null> {
  try {
    const path = installed.find((one) => existsSync(one));
    sparticuz.setGraphicsMode = false;
    return await chromium.launch({
      executablePath: path ?? (await sparticuz.executablePath()),
      // Those of the package would switch off what is tried here.
      args: ['--no-sandbox'],
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    console.log(`skipped: no browser runs here (${reason})`);
    return null;
  }
}
