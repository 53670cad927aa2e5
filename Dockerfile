FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/dist dist
# serialport, for meters on a serial line: native code, which no bundle can hold.
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/devices devices
COPY --from=build /app/config config
COPY --from=build /app/policies policies
RUN mkdir -p /var/lib/busbar && chown node:node /var/lib/busbar
USER node
VOLUME /var/lib/busbar
EXPOSE 9000 8080
HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/healthz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
ENTRYPOINT ["node", "dist/busbar.js"]
CMD ["serve", "--config", "/etc/busbar/site.yaml"]
