// A shop by GraphQL, with everything that GraphQL Yoga has by default.
import { createServer } from "node:http";
import { createSchema, createYoga } from "graphql-yoga";

const products = [
  { id: "1", name: "Green tea", cents: 450 },
  { id: "2", name: "Bäckertüte <&>", cents: 120 },
];
const schema = createSchema({
  typeDefs: /* GraphQL */ `
    type Product { id: ID!, name: String!, cents: Int!, broken: String }
    type Query { products(first: Int): [Product!]!, product(id: ID!): Product, hello: String!, header(name: String!): String }
    type Mutation { rename(id: ID!, name: String!): Product, fail: Boolean }
    type Subscription { count(to: Int!): Int! }
  `,
  resolvers: {
    Product: { broken: () => { throw new Error("a secret"); } },
    Query: {
      hello: () => "hello",
      products: (_, { first }) => products.slice(0, first ?? undefined),
      product: (_, { id }) => products.find((p) => p.id === id),
      header: (_, { name }, { request }) => request.headers.get(name),
    },
    Mutation: {
      rename: (_, { id, name }) => Object.assign(products.find((p) => p.id === id) ?? {}, { name }),
      fail: () => { throw new Error("a secret"); },
    },
    Subscription: {
      count: {
        subscribe: async function* (_, { to }) {
          for (let count = 1; count <= to; count++) yield { count };
        },
      },
    },
  },
});
const yoga = createYoga({ schema, batching: true, logging: false });
const [host, port] = process.argv[2].split(":");
createServer(yoga).listen(Number(port), host);
