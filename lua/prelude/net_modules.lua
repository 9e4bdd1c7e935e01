-- The modules that reach a server: http, net and tls. All that answers is the folder that the host serves.
local kit, host, device = ...
local type, error, tostring, tonumber, pairs, setmetatable = type, error, tostring, tonumber, pairs, setmetatable
local sub, find, lower, match, concat, format = string.sub, string.find, string.lower, string.match, table.concat, string.format
local gmatch, select = string.gmatch, select
local ask, module, after, fail = kit.ask, kit.module, kit.after, kit.fail
local MILLISECOND = 1000
local LATENCY = 10 * MILLISECOND
local TIMED_OUT, NOT_CONNECTED = -0x7007, -0x7002
local METHODS = { [0] = "GET", [1] = "POST", [2] = "PUT", [3] = "PATCH", [4] = "DELETE", [5] = "HEAD" }

-- A header line per entry of a table, or a text of lines as it is.
local function lines_of(headers)
  if type(headers) == "string" then return headers end
  local lines = {}
  for name, value in pairs(headers or {}) do
    if type(name) == "string" then lines[#lines + 1] = name .. ": " .. tostring(value) .. "\r\n" end
  end
  return concat(lines)
end

local function headers_of(text)
  local headers = {}
  for name, value in gmatch(text, "([^:\r\n]+): ?([^\r\n]*)\r\n") do headers[lower(name)] = value end
  return headers
end

-- ---- http: connections ----------------------------------------------------------------------------------------------

local connection, inner = {}, setmetatable({}, { __mode = "k" })
local metatable = { __index = connection, __metatable = false }

local function of(handle)
  local object = inner[handle]
  if not object then fail("bad argument #1 (http.context expected)") end
  return object
end

local function idle(handle)
  local object = of(handle)
  if object.is_active then fail("Cannot modify connection while a request is active") end
  return object
end

local function create(url, method, options)
  if type(method) ~= "number" then method, options = 0, options or method end
  if not METHODS[method] then fail("Bad HTTP method " .. tostring(method)) end
  options = type(options) == "table" and options or {}
  local handle, headers = setmetatable({}, metatable), {}
  for name, value in pairs(type(options.headers) == "table" and options.headers or {}) do headers[name] = value end
  inner[handle] = {
    url = url, method = method, headers = headers, is_async = options.async == true,
    size = tonumber(options.bufsz) or 512, timeout = (tonumber(options.timeout) or 10000) * MILLISECOND, calls = {},
  }
  return handle
end

local EVENTS = { connect = true, headers = true, data = true, complete = true }

function connection.on(handle, event, f)
  if not EVENTS[event] then fail("bad argument #2 to 'on' (invalid option '" .. tostring(event) .. "')") end
  of(handle).calls[event] = f
  return handle
end

function connection.seturl(handle, url) idle(handle).url = url end
function connection.setmethod(handle, method) idle(handle).method = method end
function connection.setheader(handle, name, value) idle(handle).headers[name] = value end
function connection.setbody(handle, body) idle(handle).body = body end

function connection.close(handle)
  local object = of(handle)
  object.is_closed = true
end

-- Yields what happens to a request, step by step: microseconds until then, event, and its arguments.
local function opened(object)
  local path = object.url
  local method = METHODS[object.method]
  local number, code, headers = ask(host.fetch, method, path, lines_of(object.headers), object.body or "")
  object.is_connected, object.is_closed = number >= 0, false
  local state = "connect"
  return function()
    if object.is_closed and state ~= "end" then
      state, object.is_connected = "end", false
      return 0, "complete", -1, false
    end
    if state == "connect" then
      if number < 0 then
        state = "end"
        return object.timeout, "complete", NOT_CONNECTED, false
      end
      state = "headers"
      return LATENCY, "connect"
    elseif state == "headers" then
      state = "data"
      return LATENCY, "headers", code, headers_of(headers)
    elseif state == "data" then
      local piece, how = ask(host.read_body, number, object.size)
      if how == "stalled" then
        state = "end"
        return object.timeout, "complete", TIMED_OUT, false
      end
      if piece then return LATENCY, "data", code, piece end
      state = "end"
      return 0, "complete", code, false
    end
  end
end

local function call_back(object, event, ...)
  local f = object.calls[event]
  if not f then return end
  local result
  local arguments = { ... }
  local count = select("#", ...)
  kit.protected(function() result = f(kit.unpack(arguments, 1, count)) end)
  return result
end

local function run_async(object, steps)
  local microseconds, event, a, b = steps()
  if not microseconds then
    object.is_active = false
    return
  end
  after(microseconds, function()
    if event == "complete" then object.is_active = false end
    object.code = event == "complete" and a or object.code
    local result = call_back(object, event, a, b)
    if event == "complete" then return end
    if result == -99 and event == "data" then
      object.resume = function() run_async(object, steps) end
      return
    end
    run_async(object, steps)
  end)
end

local function run_sync(object, steps)
  local code
  while true do
    local microseconds, event, a, b = steps()
    if not microseconds then return code, false end
    ask(host.wait, microseconds)
    if event == "complete" then
      code, object.is_active = a, false
    end
    call_back(object, event, a, b)
  end
end

function connection.request(handle)
  local object = idle(handle)
  if type(object.url) ~= "string" then fail("bad argument #1 to 'request' (no URL)") end
  object.is_active = true
  local steps = opened(object)
  if object.is_async then return run_async(object, steps) end
  return run_sync(object, steps)
end

function connection.ack(handle)
  local object = of(handle)
  local resume = object.resume
  if not resume then fail("No asynchronous callback pending") end
  object.resume = nil
  resume()
end

-- ---- http: one call -----------------------------------------------------------------------------------------------------

local function one_shot(method, url, options, body, f)
  if type(url) ~= "string" then fail("bad argument #1 (string expected, got " .. type(url) .. ")") end
  local headers = type(options) == "string" and headers_of(options .. "\r\n") or type(options) == "table" and options.headers
  local handle = create(url, method, {
    headers = headers or {}, async = f ~= nil, timeout = type(options) == "table" and options.timeout or nil,
  })
  local pieces, received = {}, nil
  local object = of(handle)
  object.body = body
  object.headers.Connection = "close"
  object.calls = {
    headers = function(_, found) received = found end,
    data = function(_, piece) pieces[#pieces + 1] = piece end,
    complete = f and function(code) f(code, concat(pieces), received or {}) end,
  }
  if f then
    connection.request(handle)
    return
  end
  local code = connection.request(handle)
  return code, concat(pieces), received or {}
end

local function with_body(method)
  return function(url, options, body, f) return one_shot(method, url, options, body or "", f) end
end

local http = module("http", {
  createConnection = create,
  GET = 0, POST = 1, PUT = 2, DELETE = 4, HEAD = 5, DELAYACK = -99, ACKNOW = 0,
  get = function(url, options, f)
    if type(options) == "function" then options, f = nil, options end
    return one_shot(0, url, options, nil, f)
  end,
  post = with_body(1),
  put = with_body(2),
  delete = with_body(4),
  request = function(url, method, options, body, f)
    for number, name in pairs(METHODS) do
      if name == method then return one_shot(number, url, options, body, f) end
    end
    fail("Bad HTTP method " .. tostring(method))
  end,
})

-- ---- net, tls: sockets that speak HTTP with the same server -----------------------------------------------------------

local SEGMENT = 1460
local sockets, socket = setmetatable({}, { __mode = "k" }), {}
local socket_metatable = { __index = socket, __metatable = false }

local function socket_of(handle)
  local object = sockets[handle]
  if not object then fail("invalid user data") end
  return object
end

local function tell(handle, event, ...)
  local f = socket_of(handle).calls[event]
  if f then f(handle, ...) end
end

local function new_socket(kind)
  if kind ~= nil and kind ~= 0 and kind ~= 1 then fail("invalid type") end
  local handle = setmetatable({}, socket_metatable)
  sockets[handle] = { calls = {}, text = "", is_open = false }
  return handle
end

local NAMES = { connection = true, reconnection = true, disconnection = true, receive = true, sent = true, dns = true }

function socket.on(handle, event, f)
  if not NAMES[event] then fail("invalid callback name") end
  socket_of(handle).calls[event] = f
end

function socket.connect(handle, port, host_name)
  local object = socket_of(handle)
  if object.is_open then fail("already connected") end
  object.port, object.host = port, host_name or "127.0.0.1"
  if not device.is_online then
    after(1000 * MILLISECOND, function()
      tell(handle, object.calls.reconnection and "reconnection" or "disconnection", -8)
    end)
    return
  end
  after(LATENCY, function()
    object.is_open = true
    tell(handle, "connection", "")
  end)
end

local function closed(handle, code)
  local object = socket_of(handle)
  if object.is_open then
    object.is_open = false
    tell(handle, "disconnection", code or 0)
  end
end

local function receive(handle, number)
  local piece, how = ask(host.read_body, number, SEGMENT)
  if how == "stalled" then return end
  after(LATENCY, function()
    local object = socket_of(handle)
    if not object.is_open then return end
    if not piece then return closed(handle, 0) end
    tell(handle, "receive", piece)
    if object.is_held then
      object.resume = function() receive(handle, number) end
      return
    end
    if object.is_open then receive(handle, number) end
  end)
end

-- Answers each whole request that was sent: up to the empty line, and the body that Content-Length names.
local function answer(handle)
  local object = socket_of(handle)
  local _, last = find(object.text, "\r\n\r\n", 1, true)
  if not last then return end
  local head = sub(object.text, 1, last)
  local size = tonumber(match(lower(head), "content%-length: ?(%d+)") or 0)
  if #object.text < last + size then return end
  local body = sub(object.text, last + 1, last + size)
  object.text = sub(object.text, last + size + 1)
  local method, path = match(head, "^(%u+) (%S+)")
  if not method then return closed(handle, 0) end
  if sub(path, 1, 1) == "/" then path = "http://" .. tostring(object.host) .. path end
  local _, first = find(head, "\r\n", 1, true)
  local number = ask(host.fetch_raw, method, path, sub(head, first + 1, last - 2), body)
  if number < 0 then return closed(handle, -14) end
  receive(handle, number)
end

function socket.send(handle, data, f)
  local object = socket_of(handle)
  if not object.is_open then fail("not connected") end
  if type(data) ~= "string" or data == "" then fail("no data to send") end
  if f then object.calls.sent = f end
  object.text = object.text .. data
  after(LATENCY, function()
    tell(handle, "sent")
    answer(handle)
  end)
end

function socket.close(handle) closed(handle, 0) end
function socket.hold(handle) socket_of(handle).is_held = true end

function socket.unhold(handle)
  local object = socket_of(handle)
  local resume = object.resume
  object.is_held, object.resume = false, nil
  if resume then resume() end
end

function socket.getpeer(handle)
  local object = socket_of(handle)
  if object.is_open then return object.port, "192.168.4.1" end
end

function socket.getaddr(handle)
  if socket_of(handle).is_open then return 49152, "192.168.4.2" end
end

local function resolve(handle, f)
  after(LATENCY, function() f(handle, device.is_online and "192.168.4.1" or nil) end)
end

function socket.dns(handle, _, f) resolve(handle, f) end

local function members(more)
  local found = {
    TCP = 1, UDP = 2, createConnection = new_socket,
    dns = module("net.dns", {
      resolve = function(_, f) resolve(nil, f) end,
      setdnsserver = function() end,
      getdnsserver = function() return "192.168.4.1" end,
    }),
  }
  for name, value in pairs(more) do found[name] = value end
  return found
end

local net = module("net", members({}), "createServer createUDPSocket multicastJoin multicastLeave ping ifinfo")
local tls = module("tls", members({
  setDebug = function() end,
  cert = module("tls.cert", { verify = function() return true end, auth = function() return true end }),
}), "createServer")

return { http = http, net = net, tls = tls }
