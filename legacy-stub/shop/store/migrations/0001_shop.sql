-- The shop's database, version 1.
--
-- One text serves SQLite and PostgreSQL. The file is written for SQLite; for PostgreSQL the store makes two changes to it
-- (dialect.go): "INTEGER PRIMARY KEY" becomes an identity column, and every text column gets COLLATE "C", so that both databases
-- sort by bytes and answer alike.
--
-- Conventions, for every program that reads or writes here:
--   * Money is a whole number of cents, always euro.
--   * A time is a BIGINT: milliseconds since 1970-01-01 UTC. A column whose name ends in _at holds a time.
--   * A write begins with BEGIN IMMEDIATE on SQLite and is short. The shop puts the file into WAL mode, in which it stays: nobody else
--     need set journal_mode, but everybody sets busy_timeout and foreign_keys.
--   * Locks are taken in one order, so that no two programs wait for each other: users, carts, counters, products.

-- Global counters.
--
-- product_change counts the changes of products. Whoever changes anything about a product first increments this row and then stores the
-- new value in products.change_seq, in one transaction. The row lock lets one such transaction run at a time, so values become visible
-- in rising order, and a reader that repeats
--     SELECT … FROM products WHERE change_seq > :last ORDER BY change_seq LIMIT :n
-- never misses a change, on PostgreSQL too. A product appears once, at its latest change.
CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);
INSERT INTO counters (name, value) VALUES ('product_change', 0);

-- Facts about this database. seeded_at: the time of the first start, in milliseconds; past orders and the sales history hang on it.
CREATE TABLE settings (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

CREATE TABLE categories (
  slug     TEXT PRIMARY KEY,            -- "kitchen": in addresses and in products.category
  name     TEXT NOT NULL,               -- "Kitchen & Table"
  blurb    TEXT NOT NULL,               -- one sentence for the category's page
  position BIGINT NOT NULL              -- order of display
);

CREATE TABLE products (
  id          INTEGER PRIMARY KEY,
  sku         TEXT NOT NULL UNIQUE,     -- "KIT-0017"
  name        TEXT NOT NULL,
  category    TEXT NOT NULL REFERENCES categories (slug),
  description TEXT NOT NULL,
  price_cents BIGINT NOT NULL CHECK (price_cents >= 0),
  stock       BIGINT NOT NULL CHECK (stock >= 0),
  search_text TEXT NOT NULL,            -- lower case: name, category, tags, SKU, description. A search finds a product when each of
                                        -- its words, in lower case, occurs somewhere in this text.
  picture_seq BIGINT NOT NULL DEFAULT 0,-- 0: the drawn picture; else the change_seq at which a picture was uploaded
  created_at  BIGINT NOT NULL,
  updated_at  BIGINT NOT NULL,          -- time of the change that change_seq counts
  change_seq  BIGINT NOT NULL UNIQUE,   -- see counters
  deleted_at  BIGINT                    -- not null: no longer sold. The row stays, so that the change feed tells of it.
);
CREATE INDEX products_by_category ON products (category, name, id);

CREATE TABLE product_tags (
  product_id BIGINT NOT NULL REFERENCES products (id),
  tag        TEXT NOT NULL,
  PRIMARY KEY (product_id, tag)
);

-- Uploaded pictures. A product without a row here has a drawn picture.
CREATE TABLE product_pictures (
  product_id   BIGINT PRIMARY KEY REFERENCES products (id),
  content_type TEXT NOT NULL,           -- image/png, image/jpeg or image/gif
  data         BYTEA NOT NULL,
  uploaded_at  BIGINT NOT NULL
);

CREATE TABLE users (
  id            INTEGER PRIMARY KEY,
  email         TEXT NOT NULL UNIQUE,   -- lower case
  name          TEXT NOT NULL,
  password_hash TEXT NOT NULL,          -- bcrypt
  role          TEXT NOT NULL CHECK (role IN ('customer', 'admin')),
  created_at    BIGINT NOT NULL,
  last_login_at BIGINT
);

-- A cart belongs to a guest's session (user_id null) or to a user, who has at most one.
CREATE TABLE carts (
  id         INTEGER PRIMARY KEY,
  user_id    BIGINT UNIQUE REFERENCES users (id),
  version    BIGINT NOT NULL DEFAULT 0, -- every change of the cart's lines increments it, before it touches cart_items: that row is
                                        -- the cart's lock
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);

-- A cart's lines; one per product, so the product's id is also the line's id. Prices are not kept here: a cart shows today's.
CREATE TABLE cart_items (
  cart_id    BIGINT NOT NULL REFERENCES carts (id) ON DELETE CASCADE,
  product_id BIGINT NOT NULL REFERENCES products (id),
  quantity   BIGINT NOT NULL CHECK (quantity BETWEEN 1 AND 99),
  added_at   BIGINT NOT NULL,           -- order of display, then product_id
  PRIMARY KEY (cart_id, product_id)
);
CREATE INDEX cart_items_by_product ON cart_items (product_id);

-- Sessions. The cookie shop_session holds 64 hexadecimal digits (256 random bits); the table holds only their SHA-256:
--     token_hash = lower-case hex of SHA-256 over the cookie's value as it stands (the 64 characters, not the 32 bytes)
-- A session counts while expires_at > now. Every session has a cart; a user's sessions share the user's cart.
-- To find who asks:  SELECT cart_id, user_id FROM sessions WHERE token_hash = :hash AND expires_at > :now
CREATE TABLE sessions (
  token_hash TEXT PRIMARY KEY,
  user_id    BIGINT REFERENCES users (id),          -- null: a guest
  cart_id    BIGINT NOT NULL REFERENCES carts (id),
  csrf_token TEXT NOT NULL,                         -- must come with every form as csrf_token
  flash      TEXT NOT NULL DEFAULT '',              -- "kind|text" for the next page, kind success, info or error; '' none
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_cart ON sessions (cart_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE orders (
  id          INTEGER PRIMARY KEY,
  user_id     BIGINT NOT NULL REFERENCES users (id),
  cart_id     BIGINT NOT NULL,                      -- the cart it came from; 0 for orders older than this database
  status      TEXT NOT NULL CHECK (status IN ('placed', 'packed', 'shipped', 'delivered', 'cancelled')),
  placed_at   BIGINT NOT NULL,
  name        TEXT NOT NULL,
  street      TEXT NOT NULL,
  postcode    TEXT NOT NULL,
  city        TEXT NOT NULL,
  country     TEXT NOT NULL,
  total_cents BIGINT NOT NULL
);
CREATE INDEX orders_by_user ON orders (user_id, placed_at);

-- An order's lines keep name and price as they were when it was placed.
CREATE TABLE order_items (
  order_id    BIGINT NOT NULL REFERENCES orders (id),
  line        BIGINT NOT NULL,                      -- 1, 2, 3 …
  product_id  BIGINT NOT NULL REFERENCES products (id),
  sku         TEXT NOT NULL,
  name        TEXT NOT NULL,
  price_cents BIGINT NOT NULL,
  quantity    BIGINT NOT NULL,
  PRIMARY KEY (order_id, line)
);
