import { limits } from '../limits.ts';

const known = new Set<string>();
/** Intl would also take bare offsets like `+01:00`, which are no zones of the IANA database. */
const looks_like_name = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/;

/** Whether this Node knows the IANA time zone. Asking costs, so names found valid are remembered. */
export function isTimeZone(name: string): boolean {
  if (known.has(name)) return true;
  if (!looks_like_name.test(name)) return false;
  try {
    void new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    return false;
  }
  if (known.size < limits.time_zone_cache_max) known.add(name);
  return true;
}
