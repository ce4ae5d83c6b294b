-- qkdnode.lua - Wireshark dissector for the frames of ITU-T Q.4161 (Ak) and
-- Q.4163 (Kx), Appendix I, with the names of doc/profile.md.
--
--   tshark -X lua_script:qkdnode.lua -r sample.pcapng
--   tshark -X lua_script:qkdnode.lua -o tls.keylog_file:KEYS -r FILE
--
-- Each parameter is a field: "qkdframe.session_id == ...", and so are the
-- frame that a response answers and the one that answers a request. Inside TLS
-- the frames are found by themselves, on any port. If the first of them are
-- of no known command, "-o qkdframe.ports:8444,8445" says where they are;
-- behind a proxy that ends TLS, "-d tcp.port==8444,qkdframe" does. The TLS
-- keys are in the file that an application wrote whose library knows
-- SSLKEYLOGFILE; our daemons write none.

local proto = Proto("qkdframe", "QKD frame (Q.4161, Q.4163)")

local HEADER, VERSION, DEPTH = 10, 1, 16

-- Mandatory parameters, and what a response answers.
local commands = {
	-- Ak, Q.4161 Table I.1 and Tables 1 to 11
	[0x2101] = { "Key request", "application_destination_ID" },
	[0x2102] = { "Key request with ID", "application_source_ID key_IDs" },
	[0x1203] = { "Response to key request", "keys response",
	    { 0x2101, 0x2102 } },
	[0x2104] = { "Session creation request",
	    "application_source_ID application_destination_ID" },
	[0x1205] = { "Response to session creation request",
	    "session_ID response", { 0x2104 } },
	[0x1206] = { "Session creation notification",
	    "application_source_ID application_destination_ID session_ID" },
	[0x2107] = { "Response to session creation notification",
	    "session_ID response", { 0x1206 } },
	[0x2108] = { "Key request with session ID", "session_ID" },
	[0x1209] = { "Response to key request with session ID",
	    "session_ID keys response", { 0x2108 } },
	[0x120A] = { "Proactive key supply", "session_ID keys" },
	[0x210B] = { "Response to proactive key supply",
	    "session_ID key_ID response", { 0x120A } },
	-- Kx, Q.4163 Table I.1 and Tables 1 to 4
	[0x1101] = { "Key relay", "source_KMA_ID destination_KMA_ID keys" },
	[0x1102] = { "Key relay completion notification", "response",
	    { 0x1101 } },
	[0x1103] = { "Key supply notification", "session_ID" },
	[0x1104] = { "Response to key supply notification",
	    "session_ID key_ID response", { 0x1103 } },
	-- Kx, private (doc/profile.md, section 5)
	[0x11C0] = { "Control message between KMAs",
	    "source_KMA_ID destination_KMA_ID extension" },
	[0x11C1] = { "Control message between KSAs",
	    "source_KMA_ID destination_KMA_ID extension" },
	[0x11C2] = { "Announcement of link state",
	    "origin incarnation sequence neighbours" },
	[0x11C3] = { "Sign of life", "" },
	[0x11C4] = { "Session creation between KMs", "session_ID " ..
	    "application_source_ID application_destination_ID extension" },
	[0x11C5] = { "Response to session creation between KMs",
	    "session_ID response", { 0x11C4 } },
}
for code = 0x11C6, 0x11FF do
	commands[code] = { "Private", "" }
end

local names = {}
for code, c in pairs(commands) do
	names[code] = c[1]
end

local f = {
	version = ProtoField.uint16("qkdframe.version", "Version", base.HEX),
	id = ProtoField.uint32("qkdframe.message_id", "MessageID",
	    base.HEX_DEC),
	command = ProtoField.uint16("qkdframe.command", "CommandCode",
	    base.HEX, names),
	length = ProtoField.uint16("qkdframe.length", "Length", base.DEC),
	interface = ProtoField.string("qkdframe.interface", "Interface"),
	direction = ProtoField.string("qkdframe.direction", "Direction"),
	to = ProtoField.framenum("qkdframe.response_to", "Response to",
	    base.NONE, frametype.REQUEST),
	by = ProtoField.framenum("qkdframe.response_in", "Response in",
	    base.NONE, frametype.RESPONSE),
}

-- Parameters, wherever they stand in the object. Array elements have the
-- array's name; elements of key_IDs that are texts are key IDs.
local params = { key_IDs = "key_ID" }
local function param(kind, ...)
	for _, name in ipairs({ ... }) do
		f[name] = ProtoField[kind]("qkdframe." .. name:lower(),
		    (name:gsub("_", " ")))
		params[name] = name
	end
end
param("string", "application_source_ID", "application_destination_ID",
    "application_name", "session_ID", "source_KM_ID", "key_ID", "key",
    "response", "source_KMA_ID", "destination_KMA_ID", "transit_KMA_IDs",
    "key_relay_request_ID", "protection", "mac", "message", "origin",
    "neighbours")
param("uint64", "number_of_keys", "size_of_key", "pad", "block",
    "incarnation", "sequence")

local fields = {}
for _, field in pairs(f) do
	fields[#fields + 1] = field
end
proto.fields = fields

local e = {
	version = ProtoExpert.new("qkdframe.version.unknown",
	    "Version is not 1", expert.group.PROTOCOL, expert.severity.WARN),
	command = ProtoExpert.new("qkdframe.command.unknown",
	    "CommandCode is not known", expert.group.UNDECODED,
	    expert.severity.NOTE),
	json = ProtoExpert.new("qkdframe.malformed",
	    "The payload is no JSON object", expert.group.MALFORMED,
	    expert.severity.ERROR),
	missing = ProtoExpert.new("qkdframe.missing",
	    "A mandatory parameter is missing", expert.group.PROTOCOL,
	    expert.severity.WARN),
	failure = ProtoExpert.new("qkdframe.failure",
	    "The response is not success", expert.group.RESPONSE_CODE,
	    expert.severity.NOTE),
}
proto.experts = { e.version, e.command, e.json, e.missing, e.failure }

local json = Dissector.get("json")

-- ---- the payload: calls seen(name, value, begin, end, depth) for each
-- scalar, array and object; positions count from 1. Nil: not JSON.

local escapes = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

local function utf8_of(hex)
	local c = tonumber(hex, 16)
	if c < 0x80 then
		return string.char(c)
	elseif c < 0x800 then
		return string.char(0xC0 + math.floor(c / 64), 0x80 + c % 64)
	end
	return string.char(0xE0 + math.floor(c / 4096),
	    0x80 + math.floor(c / 64) % 64, 0x80 + c % 64)
end

local function unescaped(s)
	s = s:gsub("\\u(%x%x%x%x)", utf8_of)
	return (s:gsub("\\(.)", function(c) return escapes[c] or c end))
end

-- The closing quote of the string that begins at `at`.
local function string_end(text, at)
	local p = at + 1
	while true do
		p = text:find('["\\]', p)
		if not p or text:sub(p, p) == '"' then
			return p
		end
		p = p + 2
	end
end

local value

local function members(text, at, depth, close, name, seen)
	local p = text:match("^%s*()", at + 1)
	if text:sub(p, p) == close then
		return p + 1
	end
	while p do
		local member = name
		if close == "}" then
			local last = text:sub(p, p) == '"' and
			    string_end(text, p)
			if not last then
				return nil
			end
			member = unescaped(text:sub(p + 1, last - 1))
			p = text:match("^%s*:%s*()", last + 1)
		end
		p = p and value(text, p, depth + 1, member, seen)
		local sign
		if p then
			sign, p = text:match("^%s*([,}%]])%s*()", p)
		end
		if sign == close then
			return p
		elseif sign ~= "," then
			return nil
		end
	end
end

value = function(text, at, depth, name, seen)
	local c, after = text:sub(at, at), nil
	if c == "{" or c == "[" then
		after = depth <= DEPTH and members(text, at, depth,
		    c == "{" and "}" or "]", name, seen)
		if after then
			seen(name, nil, at, after, depth)
		end
	elseif c == '"' then
		local last = string_end(text, at)
		if last then
			after = last + 1
			seen(name, unescaped(text:sub(at + 1, last - 1)), at,
			    after, depth)
		end
	else
		after = text:match("^%-?%d[%d.eE+-]*()", at) or
		    text:match("^true()", at) or text:match("^false()", at) or
		    text:match("^null()", at)
		if after then
			seen(name, text:sub(at, after - 1), at, after, depth)
		end
	end
	return after
end

-- 64 bits in two halves: Lua's numbers have 53. Nil: none.
local function u64(digits)
	local hi, lo = 0, 0
	if not digits:match("^%d+$") or #digits > 20 then
		return nil
	end
	for d in digits:gmatch("%d") do
		lo = lo * 10 + tonumber(d)
		hi = hi * 10 + math.floor(lo / 4294967296)
		lo = lo % 4294967296
	end
	return hi < 4294967296 and UInt64.new(lo, hi) or nil
end

local integer = { number_of_keys = true, size_of_key = true, pad = true,
    block = true, incarnation = true, sequence = true }

local function add(tree, buf, name, text, first, after)
	local field = f[params[name]]
	local range = buf(HEADER + first - 1, after - first)
	if integer[name] then
		local n = u64(text)
		if n then
			tree:add(field, range, n)
		end
		return
	end
	local item = tree:add(field, range, text)
	if name == "response" and text ~= "success" then
		item:add_proto_expert_info(e.failure)
	end
end

local function payload(buf, tree, command)
	local text = buf:raw(HEADER, buf:len() - HEADER)
	local found, list = {}, {}
	local first = text:match("^%s*(){") or 1
	local after = value(text, first, 1, "", function(name, v, at, last,
	    depth)
		if depth == 2 then
			found[name] = true
		end
		if v and params[name] then
			list[#list + 1] = { name, v, at, last }
		end
	end)
	if text:sub(first, first) ~= "{" or not after or
	    not text:match("^%s*$", after) then
		tree:add_proto_expert_info(e.json)
		return
	end
	for _, x in ipairs(list) do
		add(tree, buf, x[1], x[2], x[3], x[4])
	end
	for name in (commands[command] or { "", "" })[2]:gmatch("%S+") do
		if not found[name] then
			tree:add_proto_expert_info(e.missing,
			    "Mandatory and missing: " .. name)
		end
	end
end

-- ---- which response belongs to which request

local open, pairs_of = {}, {}

function proto.init()
	open, pairs_of = {}, {}
end

local function place_of(pinfo, id, command, back)
	local a = tostring(pinfo.src) .. " " .. pinfo.src_port
	local b = tostring(pinfo.dst) .. " " .. pinfo.dst_port
	if back then
		a, b = b, a
	end
	return table.concat({ a, b, id, command }, " ")
end

-- Seen for the first time, in order: a number may mean something else later.
local function learn(pinfo, id, command)
	local me = pinfo.number .. " " .. id .. " " .. command
	open[place_of(pinfo, id, command, false)] = me
	for _, asked in ipairs(commands[command] and commands[command][3] or
	    {}) do
		local request = open[place_of(pinfo, id, asked, true)]
		if request then
			pairs_of[me] = { to = request }
			pairs_of[request] = { by = me }
			return
		end
	end
end

local function relate(pinfo, id, command, tree)
	if not pinfo.visited then
		learn(pinfo, id, command)
	end
	for kind, other in pairs(pairs_of[pinfo.number .. " " .. id .. " " ..
	    command] or {}) do
		tree:add(f[kind], tonumber(other:match("^%d+"))):set_generated()
	end
end

-- ---- frames

-- The first two digits say which interface it is, and who speaks to whom.
local function place(command)
	local kind = math.floor(command / 256)
	if kind == 0x21 then
		return "Ak", "application to KM"
	elseif kind == 0x12 then
		return "Ak", "KM to application"
	elseif kind == 0x11 then
		return "Kx", "KM to KM"
	end
	return "unknown", "unknown"
end

local function header(buf, tree, command)
	local item = tree:add(f.version, buf(0, 2))
	if buf(0, 2):uint() ~= VERSION then
		item:add_proto_expert_info(e.version)
	end
	tree:add(f.id, buf(2, 4))
	item = tree:add(f.command, buf(6, 2))
	if not commands[command] then
		item:add_proto_expert_info(e.command)
	end
	tree:add(f.length, buf(8, 2))
end

local function frame(buf, pinfo, root)
	local command, id = buf(6, 2):uint(), buf(2, 4):uint()
	local name = names[command] or "Unknown"
	local interface, direction = place(command)
	local tree = root:add(proto, buf(), string.format(
	    "QKD frame, %s: %s (0x%04X)", interface, name, command))

	header(buf, tree, command)
	tree:add(f.interface, interface):set_generated()
	tree:add(f.direction, direction):set_generated()
	relate(pinfo, id, command, tree)
	pinfo.cols.protocol = "QKD/" .. interface
	pinfo.cols.info:append(string.format("%s[%u] %s",
	    pinfo.private.qkdframe_more or "", id, name))
	pinfo.private.qkdframe_more = ", "
	if buf:len() > HEADER then
		local protocol, info = tostring(pinfo.cols.protocol),
		    tostring(pinfo.cols.info)
		payload(buf, tree, command)
		json:call(buf(HEADER):tvb(), pinfo, root)
		pinfo.cols.protocol = protocol
		pinfo.cols.info = info
	elseif commands[command] then
		tree:add_proto_expert_info(e.json)
	end
	return buf:len()
end

local function frame_len(buf, _, offset)
	return HEADER + buf(offset + 8, 2):uint()
end

function proto.dissector(buf, pinfo, root)
	pinfo.cols.info:clear()
	pinfo.private.qkdframe_more = nil
	dissect_tcp_pdus(buf, root, HEADER, frame_len, frame)
	return buf:len()
end

local tls_port = DissectorTable.get("tls.port")

-- From then on what comes from or goes to that port is ours, also frames of
-- several records, and those that are unknown.
local function remember(command, pinfo)
	local _, direction = place(command)

	if direction ~= "KM to application" then
		tls_port:add(pinfo.dst_port, proto)
	end
	if direction ~= "application to KM" then
		tls_port:add(pinfo.src_port, proto)
	end
end

-- What was decrypted begins with a header that looks like one of ours.
local function guess(buf, pinfo, root)
	if buf:len() < HEADER or buf(0, 2):uint() ~= VERSION or
	    not commands[buf(6, 2):uint()] then
		return false
	end
	if buf:len() > HEADER and buf(HEADER, 1):uint() ~= 0x7B then
		return false		-- no "{"
	end
	remember(buf(6, 2):uint(), pinfo)
	proto.dissector(buf, pinfo, root)
	return true
end

proto:register_heuristic("tls", guess)
tls_port:add_for_decode_as(proto)
DissectorTable.get("tcp.port"):add_for_decode_as(proto)

proto.prefs.ports = Pref.range("TLS ports", "", "Ports of ak_listen and of " ..
    "relayd's listen; others are found by what the frames look like", 65535)
local ports = ""

function proto.prefs_changed()
	if ports ~= "" then
		tls_port:remove(ports, proto)
	end
	ports = proto.prefs.ports
	if ports ~= "" then
		tls_port:add(ports, proto)
	end
end
