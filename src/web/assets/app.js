// Ebb works without this file. With it: pages follow what comes in, times are in the reader's zone,
// the queue has keys, and charts answer at once.
(() => {
  'use strict';
  const root = document.documentElement;
  root.classList.add('js');
  const main = () => document.getElementById('main');

  const zoned = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });
  const localise = (within) => {
    for (const t of within.querySelectorAll('time[datetime]')) {
      const at = new Date(t.dateTime);
      if (isNaN(at)) continue;
      const words = zoned.format(at);
      // Charts are in UTC, and so are the times under them.
      if (t.classList.contains('exact') && !t.closest('.chart')) t.textContent = words;
      else t.title = words;
    }
  };

  // Details that a reader opened stay open when the page changes under them.
  const opened = (within) => new Map([...within.querySelectorAll('details[data-keep]')].map((d) => [d.dataset.keep, d.open]));

  const busy = () => {
    const at = document.activeElement;
    const typing = at && main().contains(at) && at.matches('input, textarea, select, summary, button');
    return typing || document.querySelector('dialog[open], .pop[open], main .hit:hover, main .scroll:hover')
      || String(getSelection() || '').length > 0 || document.hidden;
  };

  const announce = (from, to) => {
    const before = from.querySelector('[data-verdict]'), after = to.querySelector('[data-verdict]');
    if (before && after && before.dataset.verdict !== after.dataset.verdict) {
      document.getElementById('announce').textContent = after.dataset.verdict;
    }
  };

  const swap = (next) => {
    const now = main();
    announce(now, next);
    const open = opened(now), focused = document.activeElement && document.activeElement.id, y = scrollY;
    now.replaceChildren(...next.childNodes);
    for (const d of now.querySelectorAll('details[data-keep]')) if (open.has(d.dataset.keep)) d.open = open.get(d.dataset.keep);
    ready(now);
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    scrollTo(0, y);
  };

  let last = null, fetching = false, wanted = false;
  const refresh = async () => {
    if (fetching || busy()) { wanted = true; return; }
    fetching = true; wanted = false;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      const next = page.getElementById('main'), nav = page.querySelector('.side nav'), demo = page.querySelector('.demo');
      if (demo) { localise(demo); document.querySelector('.demo')?.replaceWith(demo); }
      if (nav) document.querySelector('.side nav').replaceWith(nav);
      if (!next || next.innerHTML === last || busy()) return;
      last = next.innerHTML;
      if (main().dataset.live === 'swap') swap(next);
    } catch { /* the next pulse tries again */ } finally { fetching = false; }
  };

  // At most one refresh in two seconds, and one more when something was held back.
  let due = 0;
  const soon = () => {
    if (due) return;
    due = setTimeout(() => { due = 0; refresh(); }, 2000);
  };
  setInterval(() => { if (wanted && !busy()) soon(); }, 3000);

  let events = null, heard = null;
  const listen = () => {
    const mode = main().dataset.live;
    if (!mode || events || document.hidden) return;
    const pulse = document.getElementById('pulse'), word = document.getElementById('pulse-word');
    pulse.hidden = false;
    events = new EventSource('/events');
    events.onopen = () => { pulse.classList.add('on'); word.textContent = 'Live'; };
    events.onerror = () => { pulse.classList.remove('on'); word.textContent = 'Reconnecting'; };
    events.addEventListener('beat', (e) => {
      const mark = JSON.parse(e.data)[main().dataset.watches];
      const changed = heard !== null && heard !== mark;
      heard = mark;
      if (!changed) return;
      if (mode === 'swap') soon();
      // What is told right after the page was made is in it: often it is the reader's own change.
      else if (performance.now() > 2500) document.getElementById('offer').hidden = false;
    });
  };
  // A browser allows few connections to one host: a hidden tab gives its one back.
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { events?.close(); events = null; } else listen();
  });

  // Charts: their titles at once, beside the pointer.
  const tip = document.createElement('div');
  tip.className = 'tip'; tip.hidden = true; tip.setAttribute('aria-hidden', 'true');
  document.body.append(tip);
  document.addEventListener('pointermove', (e) => {
    const hit = e.target.closest?.('.chart .hit, .chart g.mark circle, .chart g.dot circle');
    tip.hidden = !hit;
    if (!hit) return;
    const title = hit.querySelector('title');
    if (title) { hit.dataset.tip = title.textContent; title.remove(); }
    tip.textContent = hit.dataset.tip || '';
    const box = tip.getBoundingClientRect();
    const left = e.clientX + 14 + box.width > innerWidth ? e.clientX - 14 - box.width : e.clientX + 14;
    tip.style.left = Math.max(4, left) + 'px';
    tip.style.top = Math.max(4, Math.min(e.clientY + 14, innerHeight - box.height - 4)) + 'px';
  });

  // The queue's keys.
  const rows = () => [...document.querySelectorAll('[data-row]')];
  // A page of one person has one row, wherever the focus is.
  const alone = () => document.querySelector('[data-alone]');
  const here = () => document.activeElement?.closest?.('[data-row]') || alone();
  const go = (step) => {
    const all = rows();
    if (!all.length) return;
    if (alone()) { if (step > 0) alone().querySelector('[data-next]')?.click(); return; }
    const at = all.indexOf(here());
    const to = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: 'nearest' });
  };
  const openPop = (selector) => {
    const pop = here()?.querySelector(selector);
    if (!pop) return;
    pop.open = true;
    pop.querySelector('input:not([type=hidden]), textarea')?.focus();
  };
  const keys = {
    j: () => go(1), k: () => go(-1),
    a: () => openPop('[data-assign]'), n: () => openPop('[data-note]'),
    c: () => here()?.querySelector('[data-contacted]')?.click(),
    d: () => here()?.querySelector('[data-done]')?.click(),
    o: () => here()?.querySelector('[data-out] a')?.click(),
    Enter: () => here() === document.activeElement && here().querySelector('[data-open]')?.click(),
    '?': () => document.getElementById('keys')?.showModal(),
  };
  document.addEventListener('keydown', (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const typing = e.target.matches?.('input, textarea, select');
    if (e.key === 'Escape') {
      const pop = e.target.closest?.('.pop[open]') || document.querySelector('.pop[open]');
      if (pop) { pop.open = false; (pop.closest('[data-row]') || pop.querySelector('summary')).focus(); }
      return;
    }
    const button = !typing && /^[0-9]$/.test(e.key) && document.querySelector(`[data-key="${e.key}"]`);
    if (button) { e.preventDefault(); button.click(); return; }
    if (typing || document.querySelector('dialog[open]') || !rows().length || !keys[e.key]) return;
    if (e.key === 'Enter' && document.activeElement !== here()) return;
    e.preventDefault();
    keys[e.key]();
  });
  // One open panel at a time; a press beside it closes it.
  document.addEventListener('pointerdown', (e) => {
    for (const pop of document.querySelectorAll('.pop[open]')) if (!pop.contains(e.target)) pop.open = false;
  });

  // Who takes it, and who does it: the browser remembers the names that were used last.
  const kept = (key) => { try { return localStorage.getItem(key) || ''; } catch { return ''; } };
  const remembered = () => kept('ebb-owner');
  const me = () => kept('ebb-who') || remembered();
  document.addEventListener('submit', (e) => {
    const row = e.target.closest?.('[data-row]'), next = row && rows()[rows().indexOf(row) + 1];
    if (next) { try { sessionStorage.setItem('ebb-next', next.id); } catch { /* private mode */ } }
    const owner = e.target.querySelector?.('[data-owner]');
    if (owner) { try { localStorage.setItem('ebb-owner', owner.value); } catch { /* private mode */ } }
    const who = e.target.querySelector?.('[data-who]:not([type=hidden])');
    if (who && who.value) { try { localStorage.setItem('ebb-who', who.value); } catch { /* private mode */ } }
  });

  // Drafts: copied, and put where what was sent is kept, unless somebody wrote there already.
  document.addEventListener('click', async (e) => {
    const button = e.target.closest?.('[data-copy]');
    if (!button) return;
    const draft = document.getElementById(button.dataset.copy), into = document.getElementById(button.dataset.into);
    if (into && !into.value) into.value = draft.value;
    draft.select();
    try { await navigator.clipboard.writeText(draft.value); button.textContent = 'Copied'; } catch { button.textContent = 'Press Ctrl+C'; }
  });

  // Who else looks at this case, told and asked every ten seconds while the page is seen.
  const key = Math.random().toString(36).slice(2);
  let seen = '';
  const say = () => {
    const line = document.getElementById('presence');
    if (!line) return;
    if (line.textContent !== seen) line.textContent = seen;
    line.hidden = !seen;
  };
  const look = async () => {
    const at = document.querySelector('[data-looking]');
    if (!at || document.hidden) return;
    try {
      const answer = await fetch(at.dataset.looking, { method: 'POST', body: new URLSearchParams({ key, who: me() }) });
      if (!answer.ok) return;
      const told = await answer.json();
      const names = [...new Set(told.others.filter((n) => n))], nameless = told.others.length > 0 && !names.length;
      const who = nameless ? 'Somebody else' : names.join(' and ');
      const others = who ? who + (names.length > 1 ? ' are' : ' is') + ' looking at this now.' : '';
      const behind = told.version > Number(document.querySelector('[data-version]')?.dataset.version);
      if (behind) soon();
      seen = (behind && busy() ? 'This case was changed meanwhile: it is shown once you leave the field. ' : '') + others;
      say();
    } catch { /* told again soon */ }
  };
  setInterval(look, 10000);

  function ready(within) {
    localise(within);
    for (const field of within.querySelectorAll('[data-owner]')) if (!field.value) field.value = remembered();
    for (const field of within.querySelectorAll('[data-who]')) if (!field.value) field.value = me();
    say();
  }
  for (const field of document.querySelectorAll('[data-submit]')) field.addEventListener('change', () => field.form.submit());
  last = main().innerHTML;
  ready(document);
  // After a change the row that was changed keeps the focus, or the one after it when it left the list.
  let following = null;
  try { following = sessionStorage.getItem('ebb-next'); sessionStorage.removeItem('ebb-next'); } catch { /* private mode */ }
  const changed = location.hash.startsWith('#flag-') && document.getElementById(location.hash.slice(1));
  (changed || (following && document.getElementById(following)))?.focus();
  listen();
  look();
})();
