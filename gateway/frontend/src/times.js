// Times as people say them. "Now" is the server's: the page carries it, so a moved clock is told rightly.
import { _ } from './words.js';

const MINUTE = 60e3, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

export function times() {
  const told = document.querySelector('meta[name=now]')?.content;
  if (!told) return;
  const ahead = Date.parse(told) - Date.now();
  const tell = () => {
    for (const element of document.querySelectorAll('time[data-relative]')) {
      const words = relative(Date.now() + ahead - Date.parse(element.dateTime));
      if (words) element.textContent = words;
    }
  };
  tell();
  setInterval(tell, MINUTE);
}

function relative(ago) {
  if (ago < 0 || ago >= 2 * DAY) return null; // the written date says it better
  if (ago < MINUTE) return _('刚刚');
  if (ago < HOUR) return _('%(count)s 分钟前', { count: Math.floor(ago / MINUTE) });
  if (ago < DAY) return _('%(count)s 小时前', { count: Math.floor(ago / HOUR) });
  return null;
}
