# The gateway alone: no tests, no compiler, no root.  docker build -t signalr-edge .
FROM node:22-bookworm-slim AS build
WORKDIR /src
RUN npm install --global pnpm@10.34.8
COPY package.json pnpm-lock.yaml pnpm-workspace.yaml tsconfig.base.json tsconfig.json ./
COPY tests/package.json tests/
COPY packages packages
RUN pnpm install --frozen-lockfile --filter "@signalr-edge/gateway..." --filter signalr-edge
RUN pnpm exec tsc -b packages/gateway
RUN pnpm --filter @signalr-edge/gateway deploy --prod --legacy /out

FROM node:22-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /out /opt/signalr-edge
RUN ln -s /opt/signalr-edge/dist/cli.js /usr/local/bin/signalr-edge && mkdir /etc/signalr-edge
USER node
# 8080 for clients, 9090 for the operator.
EXPOSE 8080 9090
# Mount the file, and let it listen on 0.0.0.0; an admin listener that is not on loopback needs a token.
CMD ["signalr-edge", "run", "--config", "/etc/signalr-edge/gateway.yaml"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9090/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
