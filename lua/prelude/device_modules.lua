-- The modules of NodeMCU that are about the device: otaupgrade, node, tmr, wifi, time, gpio, uart, and print.
local kit, host, device = ...
local type, error, tostring, tonumber, select, concat = type, error, tostring, tonumber, select, table.concat
local pairs, floor, setmetatable = pairs, math.floor, setmetatable
local ask, call, module, after, cancel, fail = kit.ask, kit.call, kit.module, kit.after, kit.cancel, kit.fail
local SECOND, MILLISECOND = 1000000, 1000
local LONGEST_TIMER = 6870947

local function print(...)
  local texts = {}
  for number = 1, select("#", ...) do texts[number] = tostring((select(number, ...))) end
  ask(host.print, concat(texts, "\t"))
end

kit.print = print

-- ---- otaupgrade --------------------------------------------------------------------------------------------------

local function info()
  local function slots_of(running, boot, ...)
    local slots, slot = {}, nil
    for number = 1, select("#", ...), 2 do
      local key, value = select(number, ...)
      if key == "" then
        slot = {}
        slots[value] = slot
      else
        slot[key] = value
      end
    end
    return running, boot or nil, slots
  end
  return slots_of(ask(host.ota_info))
end

local otaupgrade = module("otaupgrade", {
  commence = call(host.ota_commence),
  write = call(host.ota_write),
  complete = call(host.ota_complete),
  accept = call(host.ota_accept),
  rollback = call(host.ota_rollback),
  info = info,
})

-- ---- node --------------------------------------------------------------------------------------------------------

local node = module("node", {
  restart = function() kit.ask(host.restart) end,
  bootreason = function() return ask(host.boot_reason) end,
  dsleep = function(options)
    local microseconds = type(options) == "number" and options or nil
    if type(options) == "table" then
      microseconds = (options.secs or 0) * SECOND + (options.us or 0)
      if options.secs == nil and options.us == nil then microseconds = nil end
    end
    ask(host.deep_sleep, microseconds or -1)
  end,
  chipid = function() return "0x240ac4000001" end,
  chipmodel = function() return device.chip end,
  flashid = function() return 1458270 end,
  flashsize = function() return 4194304 end,
  heap = function() return ask(host.heap) end,
  info = function(group)
    if group == nil then return 3, 0, 0, 0x240ac4, 1458270, 4096, 2, 40000000 end
    if group == "sw_version" then
      return { git_branch = "dev-esp32", node_version_major = 3, node_version_minor = 0, node_version_revision = 0 }
    end
    if group == "hw" then return { chip_model = device.chip, flash_size = 4096 } end
    if group == "build_config" then return { lfs_size = 0, number_type = "float", ssl = true } end
    return {}
  end,
  output = function() end,
  osprint = function() end,
  setcpufreq = function(speed) return speed end,
  CPU80MHZ = 80,
  CPU160MHZ = 160,
  uptime = function()
    local now = ask(host.now)
    return now % 2147483648, floor(now / 2147483648)
  end,
  setonerror = function(handler) kit.on_error = type(handler) == "function" and handler or kit.restart_after_error end,
  stripdebug = function() end,
  egc = module("node.egc", {
    setmode = function() end, ALWAYS = 4, NOT_ACTIVE = 0, ON_ALLOC_FAILURE = 1, ON_MEM_LIMIT = 2,
  }, "meminfo"),
  task = module("node.task", {
    LOW_PRIORITY = 0, MEDIUM_PRIORITY = 1, HIGH_PRIORITY = 2,
    post = function(priority, f)
      if type(priority) == "function" then priority, f = 1, priority end
      if type(f) ~= "function" then fail("invalid task") end
      after(0, f, priority)
    end,
  }),
}, "compile flashindex flashreload LFS input restore sleep wakeup startup readvdd33 key led getpartitiontable setpartitiontable")

-- ---- tmr ---------------------------------------------------------------------------------------------------------

local timer = {}

local function fire(object)
  object.event = nil
  if object.mode == 1 then
    object.event = after(object.interval * MILLISECOND, fire, object)
  else
    object.is_running = false
  end
  object.f(object.handle)
end

local inner = setmetatable({}, { __mode = "k" })

local function of(handle)
  local object = inner[handle]
  if not object then fail("bad argument #1 (tmr.timer expected, got " .. type(handle) .. ")") end
  return object
end

local function check_interval(interval)
  if type(interval) ~= "number" or interval < 1 or interval > LONGEST_TIMER then
    fail("bad argument #2 (timeout or interval out of range (1-" .. LONGEST_TIMER .. "))")
  end
end

function timer.register(handle, interval, mode, f)
  local object = of(handle)
  check_interval(interval)
  if mode ~= 0 and mode ~= 1 and mode ~= 2 then fail("bad argument #3 (Invalid mode)") end
  if type(f) ~= "function" then fail("bad argument #4 (function expected)") end
  cancel(object.event)
  object.event, object.is_running = nil, false
  object.interval, object.mode, object.f = interval, mode, f
end

function timer.start(handle)
  local object = of(handle)
  if not object.f then fail("timer not registered") end
  if object.is_running then return false end
  object.is_running = true
  object.event = after(object.interval * MILLISECOND, fire, object)
  return true
end

function timer.alarm(handle, interval, mode, f)
  timer.register(handle, interval, mode, f)
  return timer.start(handle)
end

function timer.stop(handle)
  local object = of(handle)
  if not object.is_running then return false end
  cancel(object.event)
  object.event, object.is_running = nil, false
  return true
end

function timer.unregister(handle)
  timer.stop(handle)
  of(handle).f = nil
end

function timer.interval(handle, interval)
  local object = of(handle)
  check_interval(interval)
  object.interval = interval
  if object.is_running then
    timer.stop(handle)
    timer.start(handle)
  end
end

function timer.state(handle)
  local object = of(handle)
  if object.f then return object.is_running, object.mode end
end

local timer_metatable = { __index = timer, __metatable = false }

local function create()
  local handle = setmetatable({}, timer_metatable)
  local object = { handle = handle }
  inner[handle] = object
  return handle
end

local numbered = {}

local function by_number(id)
  if type(id) ~= "number" then return id end
  if id < 0 or id > 6 then fail("tmr: id " .. tostring(id) .. " is none of 0 to 6") end
  numbered[id] = numbered[id] or create()
  return numbered[id]
end

local function old(name)
  return function(id, ...) return timer[name](by_number(id), ...) end
end

local tmr = module("tmr", {
  create = create,
  wdclr = function() kit.feed() end,
  ALARM_SINGLE = 0, ALARM_AUTO = 1, ALARM_SEMI = 2,
  -- Of older releases of NodeMCU, whose scripts are still about.
  alarm = old("alarm"), register = old("register"), start = old("start"), stop = old("stop"),
  unregister = old("unregister"), interval = old("interval"), state = old("state"),
  now = function() return ask(host.now) % 2147483648 end,
  time = function() return floor(ask(host.now) / SECOND) end,
  delay = function(microseconds) ask(host.wait, microseconds) end,
  softwd = function(seconds) ask(host.software_watchdog, seconds) end,
}, "resume_all suspend suspend_all ccount")

-- ---- wifi: a station that gets its address a tenth of a second after it is asked to connect ------------------------

local IP = { ip = "192.168.4.2", netmask = "255.255.255.0", gw = "192.168.4.1" }
local station = { listeners = {}, monitor = {}, is_connected = false, is_started = false }

local function notify(event, what)
  local listener = station.listeners[event]
  if listener then listener(event, what) end
  local monitor = station.monitor[event]
  if monitor then monitor(what) end
end

local function connect()
  if not device.is_online then
    after(SECOND, notify, "disconnected", { ssid = "otaproof", reason = 201 })
    return
  end
  after(100 * MILLISECOND, function()
    station.is_connected = true
    notify("connected", { ssid = "otaproof", bssid = "00:00:00:00:00:01", channel = 1, auth = 3 })
    notify("got_ip", { ip = IP.ip, netmask = IP.netmask, gw = IP.gw, IP = IP.ip, gateway = IP.gw })
  end)
end

local sta = module("wifi.sta", {
  config = function(config)
    if type(config) == "table" and type(config.connected_cb) == "function" then
      station.monitor.connected = config.connected_cb
    end
    if type(config) == "table" and type(config.got_ip_cb) == "function" then station.monitor.got_ip = config.got_ip_cb end
    if type(config) ~= "table" or config.auto ~= false then connect() end
    return true
  end,
  connect = function(f)
    if type(f) == "function" then station.monitor.connected = f end
    connect()
  end,
  disconnect = function() station.is_connected = false end,
  on = function(event, f) station.listeners[event] = f end,
  getconfig = function() return { ssid = "otaproof", pwd = "" } end,
  getmac = function() return "24:0a:c4:00:00:01" end,
  getip = function()
    -- A script that only looks finds the station connected by what it has saved.
    if device.is_online then return IP.ip, IP.netmask, IP.gw end
  end,
  gethostname = function() return "nodemcu" end,
  getrssi = function() return -60 end,
  status = function() return device.is_online and 5 or 2 end,
  sethostname = function() return true end,
  setip = function() return true end,
  sleeptype = function() return 0 end,
  autoconnect = function() end,
  settxpower = function() return true end,
  powersave = function() end,
  getpowersave = function() return "none" end,
  eventMonReg = function() end, eventMonStart = function() end, eventMonStop = function() end,
}, "scan getap getapinfo changeap setmac getbroadcast setaplimit getdefaultconfig clearconfig setautoconnect")

local EVENTS = { [0] = "connected", [1] = "disconnected", [3] = "got_ip" }

local wifi = module("wifi", {
  sta = sta,
  STATION = 1, SOFTAP = 2, STATIONAP = 3, NULLMODE = 0,
  STA_IDLE = 0, STA_CONNECTING = 1, STA_WRONGPWD = 2, STA_APNOTFOUND = 3, STA_FAIL = 4, STA_GOTIP = 5,
  PHYMODE_B = 1, PHYMODE_G = 2, PHYMODE_N = 3, NONE_SLEEP = 0, LIGHT_SLEEP = 1, MODEM_SLEEP = 2,
  AUTH_OPEN = 0, AUTH_WEP = 1, AUTH_WPA_PSK = 2, AUTH_WPA2_PSK = 3, AUTH_WPA_WPA2_PSK = 4,
  mode = function() return 1 end,
  setmode = function() return 1 end,
  getmode = function() return 1 end,
  start = function()
    if not station.is_started then
      station.is_started = true
      after(10 * MILLISECOND, notify, "start")
    end
  end,
  stop = function() station.is_started, station.is_connected = false, false end,
  getchannel = function() return 1 end,
  setphymode = function() return 3 end,
  sleeptype = function() return 0 end,
  eventmon = module("wifi.eventmon", {
    STA_CONNECTED = 0, STA_DISCONNECTED = 1, STA_AUTHMODE_CHANGE = 2, STA_GOT_IP = 3, STA_DHCP_TIMEOUT = 4,
    register = function(event, f)
      local name = EVENTS[event]
      if name then station.monitor[name] = f end
    end,
    unregister = function(event)
      local name = EVENTS[event]
      if name then station.monitor[name] = nil end
    end,
  }),
}, "ap monitor suspend resume startsmart stopsmart getcountry setcountry setmaxtxpower")

-- ---- time, gpio, uart ----------------------------------------------------------------------------------------------

local START = 1767225600  -- 1 January 2026

local time = module("time", {
  get = function()
    local now = ask(host.clock)
    return START + floor(now / SECOND), now % SECOND
  end,
  set = function() end,
  settimezone = function() end,
  initntp = function() end,
  ntpenabled = function() return true end,
  ntpstop = function() end,
}, "cal2epoch epoch2cal getlocal")

local levels = {}
local gpio = module("gpio", {
  IN = 1, OUT = 2, IN_OUT = 3, INPUT = 1, OUTPUT = 2, INT = 4, OPENDRAIN = 5,
  LOW = 0, HIGH = 1, PULLUP = 1, FLOAT = 0, PULL_UP = 1, PULL_DOWN = 2, FLOATING = 0,
  config = function() end,
  mode = function() end,
  write = function(pin, level) levels[pin] = level end,
  read = function(pin) return levels[pin] or 1 end,
  trig = function() end,
}, "serout set_drive wakeup pulse")

local uart = module("uart", {
  setup = function() return 115200 end,
  on = function() end,
  alt = function() end,
  write = function(_, ...)
    for number = 1, select("#", ...) do ask(host.write, tostring((select(number, ...)))) end
  end,
  PARITY_NONE = 0, STOPBITS_1 = 1,
}, "getconfig start stop fifodepth txflush wakeup")

-- Lamps show how far an update is; nothing depends on them.
local ws2812 = module("ws2812", {
  init = function() end, write = function() end, writergb = function() end, writegrb = function() end, MODE_SINGLE = 0,
}, "newBuffer")

local rtctime = module("rtctime", {
  get = function()
    local now = ask(host.clock)
    return START + floor(now / SECOND), now % SECOND
  end,
  set = function() end,
}, "epoch2cal dsleep dsleep_aligned adjust_delta")

-- ---- bit -----------------------------------------------------------------------------------------------------------

local function bits(name)
  return function(...)
    local value = ...
    for number = 2, select("#", ...) do value = ask(host.bits, name, value, (select(number, ...))) end
    return value
  end
end

local bit = module("bit", {
  band = bits("and"), bor = bits("or"), bxor = bits("xor"),
  lshift = bits("lshift"), rshift = bits("rshift"), arshift = bits("arshift"),
  bnot = function(value) return ask(host.bits, "xor", value, -1) end,
  bit = function(place) return ask(host.bits, "lshift", 1, place) end,
  isset = function(value, place) return ask(host.bits, "and", value, ask(host.bits, "lshift", 1, place)) ~= 0 end,
  isclear = function(value, place) return ask(host.bits, "and", value, ask(host.bits, "lshift", 1, place)) == 0 end,
  set = function(value, place) return ask(host.bits, "or", value, ask(host.bits, "lshift", 1, place)) end,
  clear = function(value, place)
    return ask(host.bits, "and", value, ask(host.bits, "xor", ask(host.bits, "lshift", 1, place), -1))
  end,
})

return {
  print = print, otaupgrade = otaupgrade, node = node, tmr = tmr, wifi = wifi, time = time, gpio = gpio, uart = uart,
  bit = bit, ws2812 = ws2812, rtctime = rtctime,
}
