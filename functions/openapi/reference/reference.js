// The reference: Swagger UI over the description in the reader's language. Nothing is asked of any other server, and the
// token stays in the memory of the page, but for the moment in which its language is changed.
"use strict";

const KEPT = "youhui.docs.token";

const buttons = [...document.querySelectorAll("[data-lang]")];
let ui = null;

/** Swagger UI's own words; it has none but English. */
const WORDS = {
  "Authorize": "授权", "Available authorizations": "可用的授权方式", "Close": "关闭", "Logout": "取消授权", "Value:": "值：",
  "Parameters": "参数", "No parameters": "没有参数", "Name": "名称", "Description": "说明", "Request body": "请求体",
  "Responses": "返回结果", "Response": "返回", "Code": "状态码", "Details": "详情", "Links": "链接", "No links": "无",
  "Try it out": "试一试", "Cancel": "取消", "Reset": "重置", "Execute": "发送请求", "Clear": "清空",
  "Request URL": "请求地址", "Server response": "服务器返回", "Response body": "返回内容", "Response headers": "返回头",
  "Example Value": "示例", "Schema": "数据结构", "Schemas": "数据结构", "Media type": "媒体类型", "Examples": "示例",
  "Example": "示例", "Edit Value": "编辑", "Servers": "服务器", "required": "必填", "Download": "下载", "Headers:": "返回头：",
  "Controls": "控制", "Accept": "", "header.": "请求头。", "Description:": "说明：", "Type": "类型", "Loading...": "加载中……",
  "Send empty value": "发送空值", "Expand all": "全部展开", "Collapse all": "全部收起", "License": "许可证",
  "Server": "服务器", "Undocumented": "文档未说明", "Copy to clipboard": "复制", "Filter by tag": "按标签筛选",
};

/** Puts Swagger UI's own words into Chinese wherever they appear. */
function translateWords(root) {
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.nodeValue.trim();
      const word = WORDS[text];
      const code = node.parentElement?.closest("pre, code, textarea, .opblock-summary-description, .markdown, .renderedMarkdown");
      // A word that is put in place of itself would be a change again, without end.
      if (word && word !== text && !code) node.nodeValue = node.nodeValue.replace(text, word);
      return;
    }
    node.childNodes.forEach(walk);
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "characterData") walk(change.target);
      change.addedNodes.forEach(walk);
    }
  }).observe(root, { childList: true, subtree: true, characterData: true });
}

/** Examples of what may be left out would be sent with every try: only those of paths stay. */
function withoutOptionalExamples(description) {
  for (const item of Object.values(description.paths)) {
    for (const operation of Object.values(item)) {
      for (const parameter of operation.parameters ?? []) {
        if (!parameter.required) delete parameter.example;
      }
    }
  }
  return description;
}

function chosen() {
  const asked = new URLSearchParams(location.search).get("lang");
  return (asked ?? navigator.language).startsWith("zh") ? "zh" : "en";
}

async function show() {
  const lang = chosen();
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
  const address = `/api/openapi.json?lang=${lang}`;
  document.getElementById("description").href = address;
  const reply = await fetch(address);
  const description = withoutOptionalExamples(await reply.json());
  const root = document.getElementById("reference");
  if (lang === "zh") translateWords(root);
  ui = SwaggerUIBundle({
    spec: description, domNode: root, deepLinking: true, docExpansion: "list", filter: true, tryItOutEnabled: false,
    defaultModelsExpandDepth: 0, displayRequestDuration: true, validatorUrl: null, persistAuthorization: false,
    requestSnippetsEnabled: false, onComplete: takeToken,
  });
}

/** Takes the token over from the page in the other language. */
function takeToken() {
  const token = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  if (token) ui.preauthorizeApiKey("bearer", token);
}

// A language is an address, so that it can be linked; the operation that is open stays open, and who is authorized stays so.
for (const button of buttons) {
  button.addEventListener("click", () => {
    const token = ui?.authSelectors.authorized().getIn(["bearer", "value"]);
    if (token) sessionStorage.setItem(KEPT, token);
    location.href = `?lang=${button.dataset.lang}${location.hash}`;
  });
}
show();
