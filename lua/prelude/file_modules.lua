-- The modules that are about files and data: file, io, dofile, require, crypto, encoder, sjson.
local kit, host = ...
local type, error, tostring, tonumber, pairs, next, setmetatable = type, error, tostring, tonumber, pairs, next, setmetatable
local byte, sub, find, format, char, concat = string.byte, string.sub, string.find, string.format, string.char, table.concat
local floor, huge, getmetatable, unpack, select = math.floor, math.huge, getmetatable, kit.unpack, select
local ask, call, module, fail = kit.ask, kit.call, kit.module, kit.fail

-- ---- files: a write is in flash when it returns --------------------------------------------------------------------

local object = {}
local handles = setmetatable({}, { __mode = "k" })
local metatable = { __index = object, __metatable = false }

local function of(handle)
  local open = handles[handle]
  if not open then fail("file is not open") end
  return open
end

local function opened(name, mode)
  mode = mode or "r"
  local contents = ask(host.file_get, name)
  if sub(mode, 1, 1) == "r" and not contents then return nil end
  if sub(mode, 1, 1) == "w" then
    contents = ""
    if not ask(host.file_put, name, contents) then return nil end
  end
  local handle = setmetatable({}, metatable)
  handles[handle] = {
    name = name, contents = contents or "", at = 0, is_append = sub(mode, 1, 1) == "a",
    is_writable = mode ~= "r" and mode ~= "rb",
  }
  return handle
end

function object.read(handle, how)
  local open = of(handle)
  local rest = #open.contents - open.at
  if how == "*a" or how == "a" then
    local piece = sub(open.contents, open.at + 1)
    open.at = #open.contents
    return piece
  end
  if rest <= 0 then return nil end
  local count, last = 1024, nil
  if type(how) == "number" then
    count = how
  elseif how == "*l" or how == "l" then
    return (object.readline(handle, true))
  elseif type(how) == "string" then
    local place = find(open.contents, sub(how, 1, 1), open.at + 1, true)
    count, last = 1024, place and place - open.at
  end
  if last and last < count then count = last end
  local piece = sub(open.contents, open.at + 1, open.at + count)
  open.at = open.at + #piece
  return piece
end

function object.readline(handle, is_stripped)
  local open = of(handle)
  if open.at >= #open.contents then return nil end
  local place = find(open.contents, "\n", open.at + 1, true) or #open.contents
  local line = sub(open.contents, open.at + 1, place)
  open.at = place
  if is_stripped and byte(line, -1) == 10 then line = sub(line, 1, -2) end
  return line
end

function object.write(handle, ...)
  local open = of(handle)
  if not open.is_writable then return nil end
  for number = 1, select("#", ...) do
    local data = tostring((select(number, ...)))
    local at = open.is_append and #open.contents or open.at
    open.contents = sub(open.contents, 1, at) .. data .. sub(open.contents, at + #data + 1)
    open.at = at + #data
  end
  if not ask(host.file_put, open.name, open.contents) then return nil end
  return true
end

function object.writeline(handle, data) return object.write(handle, data, "\n") end

function object.seek(handle, whence, offset)
  local open = of(handle)
  local from = whence == "set" and 0 or whence == "end" and #open.contents or open.at
  local at = from + (offset or 0)
  if at < 0 then return nil end
  open.at = at
  return at
end

function object.flush() return true end

function object.close(handle) handles[handle] = nil end

function object.lines(handle)
  return function() return object.readline(handle, true) end
end

local current

local function on_current(name)
  return function(...)
    if not current then fail("open a file first") end
    return object[name](current, ...)
  end
end

local function name_of(name)
  if type(name) ~= "string" then fail("bad argument #1 (string expected, got " .. type(name) .. ")") end
  return name
end

local function list()
  local files = {}
  local function fill(...)
    for number = 1, select("#", ...), 2 do files[(select(number, ...))] = (select(number + 1, ...)) end
  end
  fill(ask(host.file_list))
  return files
end

local file = module("file", {
  open = function(name, mode)
    current = opened(name_of(name), mode)
    return current
  end,
  exists = function(name) return ask(host.file_get, name_of(name)) ~= nil end,
  remove = function(name) ask(host.file_remove, name_of(name)) end,
  rename = function(from, to) return ask(host.file_rename, name_of(from), name_of(to)) end,
  list = list,
  format = function() ask(host.file_format) end,
  fsinfo = function() return ask(host.file_space) end,
  getcontents = function(name) return ask(host.file_get, name_of(name)) end,
  putcontents = function(name, contents) return ask(host.file_put, name_of(name), tostring(contents)) or nil end,
  stat = function(name)
    local contents = ask(host.file_get, name_of(name))
    return contents and { name = name, size = #contents, is_dir = false, is_rdonly = false }
  end,
  read = on_current("read"), readline = on_current("readline"), write = on_current("write"),
  writeline = on_current("writeline"), seek = on_current("seek"), flush = on_current("flush"),
  close = function()
    if current then object.close(current) end
    current = nil
  end,
  mkdir = function() end,
}, "rmdir chdir mount on obj fscfg")

local io = module("io", {
  open = function(name, mode)
    local handle = opened(name_of(name), mode)
    if handle then return handle end
    return nil, name .. ": No such file or directory", 2
  end,
  lines = function(name)
    local handle = opened(name_of(name), "r")
    if not handle then fail(name .. ": No such file or directory") end
    return object.lines(handle)
  end,
}, "read write close input output popen tmpfile type stdin stdout stderr")

local function source_of(name)
  local text = ask(host.file_get, name)
  if not text then return nil, "cannot open " .. name end
  return kit.load(text, "@" .. name)
end

local function dofile(name)
  local chunk, problem = source_of(name_of(name))
  if not chunk then error(problem, 2) end
  return chunk()
end

local loaded = {}

local function require(name)
  if type(name) ~= "string" then fail("bad argument #1 to 'require' (string expected)") end
  if loaded[name] ~= nil then return loaded[name] end
  for _, ending in pairs({ ".lua", ".lc" }) do
    if ask(host.file_get, name .. ending) then
      local chunk, problem = source_of(name .. ending)
      if not chunk then error("error loading module '" .. name .. "': " .. problem, 2) end
      local value = chunk(name)
      if value ~= nil then loaded[name] = value elseif loaded[name] == nil then loaded[name] = true end
      return loaded[name]
    end
  end
  error("module '" .. name .. "' not found: no file '" .. name .. ".lua'", 2)
end

-- A compiled file holds the source here: what counts is which file there is.
local function compile(name)
  if sub(name_of(name), -4) ~= ".lua" then fail("not a .lua file") end
  local chunk, problem = source_of(name)
  if not chunk then fail(problem) end
  ask(host.file_put, sub(name, 1, -4) .. "lc", ask(host.file_get, name))
end

-- ---- crypto, encoder -------------------------------------------------------------------------------------------------

local function hex(text)
  local digits = {}
  for number = 1, #text do digits[number] = format("%02x", byte(text, number)) end
  return concat(digits)
end

local hashes = setmetatable({}, { __mode = "k" })
local hash_metatable = {
  __metatable = false,
  __index = {
    update = function(handle, text) ask(host.hash_update, hashes[handle] or 0, tostring(text)) end,
    finalize = function(handle) return ask(host.hash_finalize, hashes[handle] or 0) end,
  },
}

local function new_hash(algorithm, key)
  local number = ask(host.hash_new, tostring(algorithm), key or "", key ~= nil)
  if number < 0 then fail("Unsupported algorithm: " .. tostring(algorithm)) end
  local handle = setmetatable({}, hash_metatable)
  hashes[handle] = number
  return handle
end

local function whole(algorithm, text, key)
  local handle = new_hash(algorithm, key)
  handle:update(text)
  return handle:finalize()
end

local crypto = module("crypto", {
  new_hash = new_hash,
  new_hmac = function(algorithm, key) return new_hash(algorithm, key) end,
  hash = function(algorithm, text) return whole(algorithm, text) end,
  hmac = function(algorithm, text, key) return whole(algorithm, text, key) end,
  sha1 = function(text) return hex(whole("SHA1", text)) end,
  toHex = hex,
  fhash = function(algorithm, name)
    local contents = ask(host.file_get, name)
    if not contents then fail("Error reading file") end
    return whole(algorithm, contents)
  end,
}, "encrypt decrypt mask toBase64")

local encoder = module("encoder", {
  toHex = hex, fromHex = call(host.from_hex), toBase64 = call(host.to_base64), fromBase64 = call(host.from_base64),
})

-- ---- sjson ------------------------------------------------------------------------------------------------------------

local NULL = setmetatable({}, { __metatable = false, __tostring = function() return "sjson.null" end })
local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }
local DEEPEST = 20

local function utf8(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 64), 0x80 + code % 64) end
  return char(0xE0 + floor(code / 4096), 0x80 + floor(code / 64) % 64, 0x80 + code % 64)
end

local function text_at(text, at)
  local pieces, start = {}, at + 1
  at = start
  while true do
    local place = find(text, '["\\]', at)
    if not place then error("Incomplete JSON object passed to sjson.decode", 0) end
    pieces[#pieces + 1] = sub(text, at, place - 1)
    if byte(text, place) == 34 then return concat(pieces), place + 1 end
    local c = sub(text, place + 1, place + 1)
    if c == "u" then
      local code = tonumber(sub(text, place + 2, place + 5), 16)
      if not code then error("Invalid escape", 0) end
      pieces[#pieces + 1] = utf8(code)
      at = place + 6
    else
      if not ESCAPES[c] then error("Invalid escape", 0) end
      pieces[#pieces + 1] = ESCAPES[c]
      at = place + 2
    end
  end
end

local function skipped(text, at)
  local _, last = find(text, "^[ \t\r\n]*", at)
  return last + 1
end

local WORDS = { ["true"] = true, ["false"] = false }

local function value_at(text, at, null, depth)
  at = skipped(text, at)
  local c = sub(text, at, at)
  if depth > DEEPEST then error("JSON is nested too deeply", 0) end
  if c == '"' then return text_at(text, at) end
  if c == "{" or c == "[" then
    local made, number = {}, 0
    local close = c == "{" and "}" or "]"
    at = skipped(text, at + 1)
    if sub(text, at, at) == close then return made, at + 1 end
    while true do
      local key, value
      if c == "{" then
        at = skipped(text, at)
        if byte(text, at) ~= 34 then error("Invalid JSON string", 0) end
        key, at = text_at(text, at)
        at = skipped(text, at)
        if byte(text, at) ~= 58 then error("Invalid JSON string", 0) end
        at = at + 1
      else
        number = number + 1
        key = number
      end
      value, at = value_at(text, at, null, depth + 1)
      made[key] = value
      at = skipped(text, at)
      local separator = sub(text, at, at)
      if separator == close then return made, at + 1 end
      if separator ~= "," then
        error(separator == "" and "Incomplete JSON object passed to sjson.decode" or "Invalid JSON string", 0)
      end
      at = at + 1
    end
  end
  local from, to = find(text, "^%-?[%d.eE+-]+", at)
  if from then
    local value = tonumber(sub(text, from, to))
    if value then return value, to + 1 end
  end
  from, to = find(text, "^%a+", at)
  local word = from and sub(text, from, to)
  if word == "null" then return null, to + 1 end
  if word and WORDS[word] ~= nil then return WORDS[word], to + 1 end
  error(c == "" and "Incomplete JSON object passed to sjson.decode" or "Invalid JSON string", 0)
end

local function decode(text, options)
  if type(text) ~= "string" then fail("bad argument #1 to 'decode' (string expected, got " .. type(text) .. ")") end
  local null = NULL
  if type(options) == "table" and options.null ~= nil then null = options.null end
  local value, at = value_at(text, 1, null, 0)
  if skipped(text, at) <= #text then error("Invalid JSON string", 2) end
  return value
end

local function quoted(text)
  local pieces = { '"' }
  for number = 1, #text do
    local code = byte(text, number)
    if code == 34 or code == 92 then
      pieces[#pieces + 1] = "\\" .. char(code)
    elseif code < 32 then
      pieces[#pieces + 1] = format("\\u%04x", code)
    else
      pieces[#pieces + 1] = char(code)
    end
  end
  pieces[#pieces + 1] = '"'
  return concat(pieces)
end

local function encoded(value, null, depth)
  if depth > DEEPEST then error("nesting too deep", 0) end
  if value == null or value == NULL then return "null" end
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "number" then
    if value ~= value or value == huge or value == -huge then error("Cannot encode a number", 0) end
    return value == floor(value) and format("%d", value) or format("%.14g", value)
  end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then error("Cannot encode type " .. kind, 0) end
  local pieces = {}
  if value[1] ~= nil then
    for number = 1, #value do pieces[number] = encoded(value[number], null, depth + 1) end
    return "[" .. concat(pieces, ",") .. "]"
  end
  for key, item in next, value do
    pieces[#pieces + 1] = quoted(tostring(key)) .. ":" .. encoded(item, null, depth + 1)
  end
  return "{" .. concat(pieces, ",") .. "}"
end

local function encode(value, options)
  if type(value) ~= "table" then fail("bad argument #1 to 'encode' (table expected, got " .. type(value) .. ")") end
  return encoded(value, type(options) == "table" and options.null or NULL, 0)
end

local function decoder(options)
  local pieces = {}
  return {
    write = function(_, text) pieces[#pieces + 1] = text end,
    result = function() return decode(concat(pieces), options) end,
  }
end

local sjson = module("sjson", { encode = encode, decode = decode, decoder = decoder, NULL = NULL }, "encoder")

local function package()
  return module("package", { loaded = loaded, path = "?.lua", loaders = {} }, "loadlib cpath preload seeall searchpath")
end

return {
  file = file, io = io, dofile = dofile, require = require, crypto = crypto, encoder = encoder, sjson = sjson,
  cjson = sjson, package = package(), loadfile = function(name) return source_of(name_of(name)) end, compile = compile,
}
