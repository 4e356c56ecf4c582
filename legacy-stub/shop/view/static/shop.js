// The shop's one script. Every page works without it; with it
//   - the search field suggests products while one types (GET /api/products),
//   - the cart's badge shows what is in the cart now (GET /api/cart),
//   - a product's stock changes on the page when it changes (GET /events/stock),
//   - Juniper answers questions (websocket /ws/support).
(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);

  const element = (name, properties = {}, ...children) => {
    const e = Object.assign(document.createElement(name), properties);
    e.append(...children);
    return e;
  };

  const getJSON = async (url, signal) => {
    const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.json();
  };

  // Search suggestions.
  const suggest = (form) => {
    const field = one("input[type=search]", form);
    const list = one(".suggestions", form);
    let timer, request, chosen = -1;

    const close = () => { list.hidden = true; list.replaceChildren(); chosen = -1; field.removeAttribute("aria-activedescendant"); field.setAttribute("aria-expanded", "false"); };
    const options = () => [...list.children];
    const choose = (n) => {
      const all = options();
      if (!all.length) return;
      chosen = (n + all.length) % all.length;
      all.forEach((o, i) => o.setAttribute("aria-selected", String(i === chosen)));
      field.setAttribute("aria-activedescendant", all[chosen].id);
    };
    const option = (i, href, ...children) => {
      const item = element("li", { id: `suggestion-${i}` }, element("a", { href, tabIndex: -1 }, ...children));
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      return item;
    };
    const show = (q, answer) => {
      const items = answer.products.map((p, i) => option(i, `/products/${p.id}`,
        element("img", { src: p.picture, alt: "", width: 44, height: 44 }),
        element("span", { textContent: p.name }),
        element("span", { className: "price", textContent: `€ ${p.price}` })));
      if (answer.total > items.length) {
        const all = option(items.length, `/search?q=${encodeURIComponent(q)}`, `All ${answer.total} results`);
        all.className = "all";
        items.push(all);
      }
      list.replaceChildren(...items);
      list.hidden = items.length === 0;
      chosen = -1;
      field.setAttribute("aria-expanded", String(!list.hidden));
    };
    const ask = async () => {
      const q = field.value.trim();
      request?.abort();
      if (q.length < 2) return close();
      request = new AbortController();
      try {
        show(q, await getJSON(`/api/products?q=${encodeURIComponent(q)}&per_page=6`, request.signal));
      } catch (e) {
        if (e.name !== "AbortError") close();
      }
    };

    field.setAttribute("role", "combobox");
    field.setAttribute("aria-expanded", "false");
    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 120); });
    field.addEventListener("keydown", (e) => {
      if (e.key === "Escape") close();
      if (list.hidden) return;
      if (e.key === "ArrowDown") { e.preventDefault(); choose(chosen + 1); }
      if (e.key === "ArrowUp") { e.preventDefault(); choose(chosen - 1); }
      if (e.key === "Enter" && chosen >= 0) { e.preventDefault(); one("a", options()[chosen]).click(); }
    });
    form.addEventListener("focusout", (e) => { if (!form.contains(e.relatedTarget)) setTimeout(close, 150); });
  };

  // The cart's badge.
  const countCart = async (badge) => {
    try {
      const cart = await getJSON("/api/cart");
      badge.textContent = cart.count;
      badge.hidden = cart.count === 0;
    } catch { /* it keeps what the page said */ }
  };

  // Live stock.
  const followStock = (article) => {
    const badge = one("[data-stock-badge]", article);
    const id = Number(article.dataset.liveStock);
    const paint = (stock) => {
      const kind = stock === 0 ? "out" : stock <= 5 ? "few" : "in";
      badge.className = `badge ${kind}`;
      badge.textContent = { out: "Sold out", few: `Only ${stock} left`, in: "In stock" }[kind];
    };
    const events = new EventSource(`/events/stock?product=${id}`);
    events.addEventListener("snapshot", (e) => JSON.parse(e.data).stock.forEach((s) => s.product_id === id && paint(s.stock)));
    events.addEventListener("stock", (e) => { const s = JSON.parse(e.data); if (s.product_id === id) paint(s.stock); });
    events.addEventListener("gone", () => paint(0));
    addEventListener("pagehide", () => events.close());
  };

  // Support chat.
  const chat = (panel) => {
    const log = one("[data-support-log]", panel), form = one("[data-support-form]", panel), field = one("input", form);
    let socket, asked = 0;
    const say = (text, who) => { log.append(element("li", { textContent: text, className: who })); log.scrollTop = log.scrollHeight; };
    const connect = () => {
      socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/support`);
      socket.addEventListener("message", (e) => { const m = JSON.parse(e.data); say(m.text || m.error, "them"); });
      socket.addEventListener("close", () => { socket = undefined; });
    };
    const open = () => { panel.hidden = false; field.focus(); if (!socket) { log.replaceChildren(); connect(); } };
    const shut = () => { panel.hidden = true; socket?.close(1000); };
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      const text = field.value.trim();
      if (!text) return;
      const send = () => socket.send(JSON.stringify({ id: String(++asked), text }));
      say(text, "me");
      field.value = "";
      if (!socket) connect();
      if (socket.readyState === WebSocket.OPEN) send(); else socket.addEventListener("open", send, { once: true });
    });
    one("[data-support-close]", panel).addEventListener("click", shut);
    document.querySelectorAll("[data-support-open]").forEach((b) => { b.hidden = false; b.addEventListener("click", open); });
  };

  document.querySelectorAll("[data-suggest]").forEach(suggest);
  document.querySelectorAll("[data-cart-count]").forEach(countCart);
  document.querySelectorAll("[data-live-stock]").forEach(followStock);
  document.querySelectorAll("[data-support]").forEach(chat);
  document.querySelectorAll("[data-submit]").forEach((s) => {
    s.addEventListener("change", () => s.form.submit());
    one("button", s.form).hidden = true;
  });
})();
