//! From a new customer to a used code.

use futures_util::TryStreamExt;
use youhui_client::{
    Cart, CartLine, Client, CodeIssue, CodeUse, CouponInput, CustomerInput, Error, EvaluationInput, PriceRuleInput,
};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let token = std::env::var("YOUHUI_TOKEN").unwrap_or_default();
    first_steps(&Client::new("http://127.0.0.1:8080", &token)?).await
}

pub(crate) async fn first_steps(client: &Client) -> Result<(), Error> {
    // A customer, a coupon with a rule of its own, and a code.
    client.customer_put(7, &CustomerInput::new(7, "13400000007")).await?;
    let coupon = CouponInput::with_rule("spring", PriceRuleInput::percent_off("Spring", 20));
    let coupon = client.coupon_create(&coupon).await?;
    let issued = client.coupon_code_issue(&[CodeIssue { customer_id: 7, coupon_id: coupon.id }]).await?;
    let code = issued.results[0].code.clone();

    // Show the price of a cart with the code.
    let cart = Cart { lines: vec![CartLine::new(1, 2, 100)], ..Cart::default() };
    let asked = EvaluationInput { cart, codes: vec![code.clone()], ..EvaluationInput::default() };
    let priced = client.evaluate(&asked).await?;
    println!("to pay: {}", priced.totals.final_price);

    // Use the code. If two orders use it at the same time, one of them gets a conflict.
    match client.coupon_code_use(&CodeUse::new(42, 7, [code])).await {
        Ok(used) => println!("used at {:?}", used.results[0].code.used_at),
        Err(Error::Conflict { detail, .. }) => println!("not available: {detail}"),
        Err(Error::Invalid(errors)) => println!("codes: {:?}", errors.messages("codes")),
        Err(other) => return Err(other),
    }

    // List every code of the coupon, oldest first, over all pages.
    let mut codes = std::pin::pin!(client.coupon_code_list().coupon(coupon.id).walk().rows());
    while let Some(code) = codes.try_next().await? {
        println!("{} {}", code.code, code.status);
    }
    Ok(())
}
