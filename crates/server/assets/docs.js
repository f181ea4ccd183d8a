// Menu, colours, copy buttons, the place in the page, and the search box. The pages work without any of it.
(function () {
  "use strict";
  const root = document.documentElement;
  const find = (selector) => document.querySelector(selector);

  // Colours
  find("button.theme").addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const next = (root.dataset.theme || system) === "dark" ? "light" : "dark";
    root.dataset.theme = next;
    try {
      localStorage.setItem("drape-theme", next);
    } catch (error) {
      // The choice holds for this page only.
    }
  });

  // The drawer of pages on small screens
  const menu = find("button.menu");
  const pages = find("#pages");
  const setMenu = (isOpen) => {
    root.classList.toggle("menu-open", isOpen);
    menu.setAttribute("aria-expanded", String(isOpen));
  };
  menu.addEventListener("click", () => setMenu(!root.classList.contains("menu-open")));
  document.addEventListener("click", (event) => {
    if (root.classList.contains("menu-open") && !pages.contains(event.target) && !menu.contains(event.target)) {
      setMenu(false);
    }
  });
  const current = pages.querySelector("[aria-current]");
  if (current && pages.scrollHeight > pages.clientHeight) {
    pages.scrollTop = Math.max(0, current.offsetTop - pages.clientHeight / 3);
  }

  // Copy buttons
  for (const block of document.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      const code = block.querySelector("code");
      try {
        await navigator.clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch (error) {
        // Browsers give the clipboard to https pages only: select the code instead.
        const range = document.createRange();
        range.selectNodeContents(code);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        button.textContent = "Selected";
      }
      setTimeout(() => (button.textContent = "Copy"), 1600);
    });
    block.querySelector(".code-head").append(button);
  }

  // The place in the page
  const links = new Map();
  for (const link of document.querySelectorAll(".contents a")) {
    links.set(decodeURIComponent(link.hash.slice(1)), link);
  }
  if (links.size > 0) {
    const headings = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
    let isWaiting = false;
    const mark = () => {
      isWaiting = false;
      let last = headings[0];
      for (const heading of headings) {
        if (heading.getBoundingClientRect().top < 120) last = heading;
      }
      const isAtEnd = innerHeight + scrollY >= root.scrollHeight - 2;
      if (isAtEnd && scrollY > 0) last = headings[headings.length - 1];
      for (const [id, link] of links) link.classList.toggle("here", id === last.id);
    };
    addEventListener("scroll", () => {
      if (!isWaiting) requestAnimationFrame(mark);
      isWaiting = true;
    }, { passive: true });
    mark();
  }

  // Search
  const dialog = find("dialog.search");
  const input = dialog.querySelector("input");
  const hits = dialog.querySelector(".hits");
  const note = dialog.querySelector(".search-note");
  let entries = null;
  let selected = 0;

  const load = async () => {
    if (entries) return;
    try {
      const answer = await fetch("/docs/search.json");
      entries = (await answer.json()).map((entry) => ({
        ...entry,
        lowPage: entry.page.toLowerCase(),
        lowHeading: entry.heading.toLowerCase(),
        lowText: entry.text.toLowerCase(),
      }));
      show();
    } catch (error) {
      note.textContent = "The search index could not be loaded.";
    }
  };

  const score = (entry, words) => {
    let total = 0;
    for (const word of words) {
      let points = 0;
      if (entry.lowPage.includes(word)) points += entry.heading ? 4 : 12;
      if (entry.lowHeading.includes(word)) points += 10;
      if (entry.lowPage.startsWith(word) || entry.lowHeading.startsWith(word)) points += 3;
      const at = entry.lowText.indexOf(word);
      if (at >= 0) points += at < 200 ? 3 : 2;
      if (points === 0) return 0;
      total += points;
    }
    return total;
  };

  const excerpt = (entry, words) => {
    const places = words.map((word) => entry.lowText.indexOf(word)).filter((at) => at >= 0);
    const start = places.length ? Math.max(0, Math.min(...places) - 40) : 0;
    const cut = start > 0 ? entry.text.indexOf(" ", start) + 1 : 0;
    const text = entry.text.slice(cut, cut + 150);
    const end = text.length < 150 ? text : text.slice(0, text.lastIndexOf(" ")) + " …";
    return (cut > 0 ? "… " : "") + end;
  };

  // Texts are put in as text nodes, so nothing in them can become markup.
  const marked = (text, words) => {
    const line = document.createDocumentFragment();
    const low = text.toLowerCase();
    let at = 0;
    while (at < text.length) {
      let best = -1;
      let length = 0;
      for (const word of words) {
        const found = low.indexOf(word, at);
        if (found >= 0 && (best < 0 || found < best)) [best, length] = [found, word.length];
      }
      if (best < 0) break;
      line.append(text.slice(at, best));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(best, best + length);
      line.append(mark);
      at = best + length;
    }
    line.append(text.slice(at));
    return line;
  };

  const select = (index) => {
    const items = hits.querySelectorAll("a");
    if (!items.length) return;
    selected = (index + items.length) % items.length;
    items.forEach((item, place) => item.classList.toggle("here", place === selected));
    items[selected].scrollIntoView({ block: "nearest" });
  };

  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    hits.replaceChildren();
    note.textContent = "";
    if (!entries || words.length === 0) return;
    const found = entries
      .map((entry) => [score(entry, words), entry])
      .filter(([points]) => points > 0)
      .sort((one, other) => other[0] - one[0])
      .slice(0, 12);
    if (found.length === 0) note.textContent = "Nothing found.";
    for (const [, entry] of found) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = entry.url;
      const title = document.createElement("strong");
      title.append(marked(entry.heading || entry.page, words));
      link.append(title);
      if (entry.heading) {
        const page = document.createElement("small");
        page.textContent = entry.page;
        link.append(page);
      }
      const text = document.createElement("span");
      text.append(marked(excerpt(entry, words), words));
      link.append(text);
      link.addEventListener("click", () => dialog.close());
      item.append(link);
      hits.append(item);
    }
    select(0);
  };

  const open = () => {
    if (dialog.open) return;
    setMenu(false);
    dialog.showModal();
    input.select();
    load();
  };
  find(".search-button").addEventListener("click", open);
  input.addEventListener("input", show);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") select(selected + 1);
    else if (event.key === "ArrowUp") select(selected - 1);
    else if (event.key === "Enter") {
      const link = hits.querySelectorAll("a")[selected];
      if (link) link.click();
    } else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") setMenu(false);
    const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    const isSlash = event.key === "/" && !isTyping && !event.metaKey && !event.ctrlKey && !event.altKey;
    const isK = event.key.toLowerCase() === "k" && (event.metaKey || event.ctrlKey);
    if (isSlash || isK) {
      event.preventDefault();
      open();
    }
  });
})();
